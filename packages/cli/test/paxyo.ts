import { bundleProgram, hostEnvironment, SHORT_LIVED } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runCommandLine } from '../src/run-command-line.ts'

const MAIN = await bundleProgram(fileURLToPath(new URL('../src/main.ts', import.meta.url)))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The output, as JSON. */
  json(): unknown
}

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

/**
 * Runs a command to its end in this process: starting a process takes longer than most commands do. What only a process has
 * (its exit, signals, streams and start) is for `startPaxyo`.
 */
export async function paxyo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const output = { stdout: '', stderr: '' }
  const asIs = (_style: string, text: string): string => text
  const code = await runCommandLine(args, {
    env: { ...hostEnvironment(), ...env },
    signal: new AbortController().signal,
    out: (text) => void (output.stdout += text),
    err: (text) => void (output.stderr += text),
    isWatched: false,
    style: asIs,
    styleErr: asIs,
  })
  return { code, ...output, json: () => JSON.parse(output.stdout) as unknown }
}
