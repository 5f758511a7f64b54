import closeWithGrace from 'close-with-grace'
import { ConfigError } from './config.ts'

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
  const starting = start()
  closeWithGrace({ delay: false }, async ({ err }) => {
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
    process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack ?? error)}\n`)
    process.exit(1)
  }
}
