import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from './eventually.ts'

/** A program that runs until it is disposed of. */
export interface Program extends AsyncDisposable {
  /** Everything that it has printed. */
  readonly output: () => string
  /** Its exit code; null while it runs, or when a signal has ended it. */
  readonly exitCode: () => number | null
}

export interface ProgramOptions {
  readonly cwd?: string
  /** All its variables. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** In a separate process group. */
  readonly detached?: boolean
  readonly signal?: NodeJS.Signals
  /** When it is ready; at once by default. */
  readonly isReady?: (output: string) => boolean | Promise<boolean>
}

/** @throws Error with everything that it has printed when it ends before it is ready. */
export async function startProgram(
  command: string,
  args: readonly string[],
  { signal = 'SIGKILL', isReady = () => true, ...options }: ProgramOptions = {},
): Promise<Program> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => (output += text))
  }
  const exited = once(child, 'exit')
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`${command} ended:\n${output}`)
    return isReady(output)
  })
  return {
    output: () => output,
    exitCode: () => child.exitCode,
    async [Symbol.asyncDispose]() {
      child.kill(signal)
      await exited
    },
  }
}
