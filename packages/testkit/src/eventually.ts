import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 20

/**
 * Asks again and again until an answer comes.
 *
 * @throws the last error, or a time-out, when none came in time.
 */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let lastError: unknown
  while (Date.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = error
    }
    await sleep(INTERVAL_MS)
  }
  throw lastError ?? new Error(`nothing came within ${timeoutMs} ms: ${ask.toString()}`)
}
