import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 20
/** Far longer than anything takes: a busy machine is no finding. */
const TIMEOUT_MS = 60_000

/**
 * Asks again and again until an answer comes.
 *
 * @throws the last error, or a time-out, when none came in time.
 */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let lastError: unknown
  // A process that stood still until after the deadline asks once more.
  for (let isLate = false; ; isLate = Date.now() >= deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = error
    }
    if (isLate) throw lastError ?? new Error(`nothing came within ${timeoutMs} ms: ${ask.toString()}`)
    await sleep(INTERVAL_MS)
  }
}
