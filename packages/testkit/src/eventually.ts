import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS_MIN = 20
/** A check may query a database or a server: 50 times a second would take a tenth of a core while others work. */
const INTERVAL_MS_MAX = 100
/** Far longer than anything takes: a busy machine is not a failure. */
const TIMEOUT_MS = 60_000

/**
 * Repeats a check until it returns a result.
 *
 * @throws the last error, or a timeout, when there is no result in time.
 */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const startedAt = Date.now()
  const deadline = startedAt + timeoutMs
  let lastError: unknown
  // A process that was paused until after the deadline checks once more.
  for (let isLate = false; ; isLate = Date.now() >= deadline) {
    try {
      const result = await check()
      if (result !== undefined && result !== false) return result
    } catch (error) {
      lastError = error
    }
    if (isLate) throw lastError ?? new Error(`no result within ${timeoutMs} ms: ${check.toString()}`)
    const waitedMs = Date.now() - startedAt
    await sleep(Math.min(Math.max(waitedMs / 10, INTERVAL_MS_MIN), INTERVAL_MS_MAX))
  }
}
