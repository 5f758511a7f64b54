const STEP_MS = 1_000

/** No wait of our own choosing is longer. */
export const RETRY_DELAY_MS_MAX = 30_000

/**
 * How long to wait before a retry, with full jitter: anything from nothing to a bound that doubles. The first retry
 * waits too, because a server that went down has left all of its clients at the same moment.
 *
 * @param failures how many attempts have failed before, 0 at the first retry.
 * @param random in [0, 1).
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backOffMs(failures: number, random: number): number {
  return Math.floor(random * Math.min(RETRY_DELAY_MS_MAX, STEP_MS * 2 ** failures))
}
