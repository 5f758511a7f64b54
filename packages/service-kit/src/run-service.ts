import closeWithGrace from 'close-with-grace'
import { startFailure } from './start-failure.ts'

export interface RunningService {
  /** How long closing may take before the process ends anyhow; half a minute when it is not given. */
  readonly closeTimeoutMs?: number
  /** Finishes what was accepted, then lets go of everything. */
  close(): Promise<void>
}

const CLOSE_TIMEOUT_MS = 30_000

/**
 * Runs a service until it is told to stop: the first SIGTERM or SIGINT closes it, a second one exits at once. A wrong
 * configuration ends the process before anything is started, with one line per problem.
 */
export async function runService(start: () => Promise<RunningService>): Promise<void> {
  // Signals are heard before anything starts.
  const starting = Promise.resolve().then(start)
  const parentWatch = watchNpm()
  closeWithGrace({ delay: false }, async ({ err }) => {
    clearInterval(parentWatch)
    if (err !== undefined) process.stderr.write(`${err.stack ?? err.message}\n`)
    const service = await starting
    setTimeout(() => {
      process.stderr.write('closing took too long\n')
      process.exit(1)
    }, service.closeTimeoutMs ?? CLOSE_TIMEOUT_MS)
    await service.close()
  })
  try {
    await starting
  } catch (error) {
    process.stderr.write(`${startFailure(error)}\n`)
    process.exit(1)
  }
}

const PARENT_CHECK_INTERVAL_MS = 200

/**
 * npm passes a SIGTERM on to the shell that it has started us in, and that shell dies of it without a word to us. So
 * when npm has started us, its shell's end is our signal.
 */
function watchNpm(): NodeJS.Timeout | undefined {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined
  const parent = process.ppid
  return setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, PARENT_CHECK_INTERVAL_MS).unref()
}
