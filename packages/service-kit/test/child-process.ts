import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A script in its own process. */
export interface Script {
  readonly pid: number
  stdout(): string
  stderr(): string
  kill(signal: NodeJS.Signals): void
  /** Waits for its end. */
  exitCode(): Promise<number | null>
}

/** Runs TypeScript that may import from `service-kit`. */
export function runScript(source: string): Script {
  const index = new URL('../src/index.ts', import.meta.url).href
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '--eval', source.replaceAll('service-kit', index)],
    { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const closed = once(child, 'close')
  return {
    pid: child.pid!,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    kill: (signal) => child.kill(signal),
    async exitCode() {
      await closed
      return child.exitCode
    },
  }
}
