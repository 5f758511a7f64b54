/** The times between two occurrences of something that should never stop. */
export interface Gaps {
  readonly count: number
  add(): void
  /** Nothing occurs any more, and that is no gap. */
  finish(): void
  /** The longest gap that ended after a time, or has not ended yet. */
  longestMs(since?: number): number
}

/** Shorter gaps are not kept. */
const KEPT_MS_MIN = 200

/** @param now the time in milliseconds. */
export function createGaps(now: () => number = () => performance.now()): Gaps {
  const kept: { readonly startedAt: number; readonly endedAt: number }[] = []
  let lastAt = now()
  let count = 0
  let finishedAt: number | undefined
  return {
    get count() {
      return count
    },
    add() {
      const endedAt = now()
      if (endedAt - lastAt >= KEPT_MS_MIN) kept.push({ startedAt: lastAt, endedAt })
      lastAt = endedAt
      count += 1
    },
    finish() {
      finishedAt = now()
    },
    longestMs(since = 0) {
      const ended = kept.filter(({ endedAt }) => endedAt >= since)
      return Math.max((finishedAt ?? now()) - lastAt, ...ended.map(({ startedAt, endedAt }) => endedAt - startedAt))
    },
  }
}
