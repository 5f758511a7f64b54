import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Failure } from './failure.ts'

/**
 * Runs another package's entry point in a process of its own, on this terminal, with Ctrl-C going to it as well.
 *
 * @param packageName whose door `main` stands beside
 * @returns its exit code
 */
export async function runScript(packageName: string, main: string, args: readonly string[]): Promise<number> {
  const path = fileURLToPath(new URL(main, import.meta.resolve(packageName)))
  if (!existsSync(path)) throw new Failure('usage', `${packageName} has no ${main}: bring the clone up to date`)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], { stdio: 'inherit' })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGTERM', forward)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code ?? 130))
    })
  } finally {
    process.off('SIGTERM', forward)
  }
}
