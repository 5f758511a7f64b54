import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A block of commands that a reader runs in a terminal. Disposing it is Ctrl-C, which ends all that it has started. */
export interface Shell extends AsyncDisposable {
  readonly output: () => string
  /** Fulfilled when the last command has ended. */
  readonly ended: Promise<unknown>
  end(): Promise<void>
}

export function startShell(
  block: string,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Shell {
  // In a separate process group, so that the processes that the shell and npm start are ended with them.
  const child = spawn('sh', ['-ec', block], { cwd, env: { ...process.env, ...env }, detached: true })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = once(child, 'exit')
  const ended = once(child, 'close')
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGTERM')
    await exited
    await ended
  }
  return { output: () => output, ended, end, [Symbol.asyncDispose]: end }
}
