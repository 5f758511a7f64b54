const STEP_MS = 1_000

/** The longest delay of the client's back-off. */
export const RETRY_DELAY_MS_MAX = 30_000

/**
 * The delay before a retry, with full jitter: random between 0 and a limit that doubles. The first retry waits, too,
 * because a server that fails disconnects all its clients at the same moment.
 *
 * @param failures the number of failed attempts before, 0 at the first retry.
 * @param random in [0, 1).
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backOffMs(failures: number, random: number): number {
  return Math.floor(random * Math.min(RETRY_DELAY_MS_MAX, STEP_MS * 2 ** failures))
}
