const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/**
 * The default delays after the first attempt, the second …: three days in total.
 *
 * @example
 * RETRY_DELAYS_MS[0] //=> 5000
 */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  18 * HOUR_MS,
  24 * HOUR_MS,
]

/**
 * Up to this share of a delay is added or subtracted, so that webhooks that failed together are not retried together.
 */
const JITTER = 0.2

/**
 * The delay of the next attempt of a webhook that failed.
 *
 * @param delaysMs the delays after the first attempt, the second …
 * @param attempts the number of attempts so far; at least 1.
 * @param random from 0 to 1.
 * @returns milliseconds; undefined after the last attempt.
 * @example
 * retryDelayMs([5000, 60_000], 1, 0.5) //=> 5000
 */
export function retryDelayMs(delaysMs: readonly number[], attempts: number, random: number): number | undefined {
  const delayMs = delaysMs[attempts - 1]
  return delayMs === undefined ? undefined : Math.round(delayMs * (1 + JITTER * (2 * random - 1)))
}
