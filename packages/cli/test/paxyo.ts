import { hostEnvironment } from '@paxyo/testkit'
import { runCommandLine } from '../src/run-command-line.ts'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The output, as JSON. */
  json(): unknown
}

/**
 * Runs a command to its end in this process: starting a process takes longer than most commands do. Tests of exits, signals,
 * streams and starts use `startPaxyo`.
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
