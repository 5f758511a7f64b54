import { bundleProgram, hostEnvironment, SHORT_LIVED } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Ran } from './paxyo.ts'

const MAIN = await bundleProgram(fileURLToPath(new URL('../src/main.ts', import.meta.url)))

export interface Running {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<Ran>
}

interface StartOptions {
  /** A program that runs Node, with its arguments. */
  readonly under?: readonly string[]
  /** Keeps its input open, as a pipe without data does. */
  readonly keepsInput?: boolean
}

/** Starts the command line in a separate process, with this environment and nothing from the test's. */
export function startPaxyo(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { under = [], keepsInput = false }: StartOptions = {},
): Running {
  const [program, ...before] = [...under, process.execPath]
  const child = spawn(program, [...before, ...SHORT_LIVED, MAIN, ...args], { env: { ...hostEnvironment(), ...env } })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8')
    child[name].on('data', (text: string) => (output[name] += text))
  }
  if (!keepsInput) child.stdin.end()
  const ended = once(child, 'close').then(([code]: unknown[]): Ran => ({
    code: code as number | null,
    ...output,
    json: () => JSON.parse(output.stdout) as unknown,
  }))
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, ended }
}
