import closeWithGrace from 'close-with-grace'
import { ConfigError } from './config.ts'

export interface RunningService {
  /** Finishes what was accepted, then lets go of everything. */
  close(): Promise<void>
}

/** How long closing may take before the process ends anyhow. */
const CLOSE_TIMEOUT_MS = 30_000

/**
 * Runs a service until it is told to stop: the first SIGTERM or SIGINT closes it, a second one exits at once. A wrong
 * configuration ends the process before anything is started, with one line per problem.
 */
export async function runService(start: () => Promise<RunningService>): Promise<void> {
  const starting = start()
  closeWithGrace({ delay: CLOSE_TIMEOUT_MS }, async ({ err }) => {
    if (err !== undefined) process.stderr.write(`${err.stack ?? err.message}\n`)
    const service = await starting
    await service.close()
  })
  try {
    await starting
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack ?? error)}\n`)
    process.exit(1)
  }
}
