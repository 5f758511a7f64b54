import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 20
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
  const deadline = Date.now() + timeoutMs
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
    await sleep(INTERVAL_MS)
  }
}
