/**
 * Judges what a page has shown: whether it showed `live` while it was behind.
 *
 * A page is behind from a second after the commit of the first event that it does not have. Time in which the page did not
 * run does not count: a page that was asleep has a second after it woke. The page itself notes when its timers did not run,
 * and PostgreSQL the moment of each commit, so nothing depends on when the test looked.
 */

/** What a page notes: a status, the seq that it has now, or that it did not run since a time. All times in ms since 1970. */
export type Entry =
  | readonly [atMs: number, kind: 'status', state: string]
  | readonly [atMs: number, kind: 'snapshot' | 'event', seq: number]
  | readonly [atMs: number, kind: 'gap', sinceMs: number]

/** The page was `live` for some time while more than a second behind. */
export interface Lie {
  /** The first event that it did not have. */
  readonly seq: number
  readonly committedAtMs: number
  readonly fromMs: number
  readonly toMs: number
}

export const BEHIND_MS_MAX = 1_000

/**
 * @param committedAtMs of the events of the page's user, by seq.
 * @param endMs when the record ends.
 */
export function findLies(entries: readonly Entry[], committedAtMs: ReadonlyMap<number, number>, endMs: number): Lie[] {
  const sleeps = entries.flatMap(([atMs, kind, value]) => (kind === 'gap' ? [{ fromMs: value, toMs: atMs }] : []))
  const lies: Lie[] = []
  let isLive = false
  let seq: number | undefined
  entries.forEach(([atMs, kind, value], index) => {
    if (kind === 'status') isLive = value === 'live'
    if (kind === 'snapshot' || kind === 'event') seq = value
    const committed = seq === undefined ? undefined : committedAtMs.get(seq + 1)
    if (!isLive || committed === undefined) return
    const fromMs = Math.max(atMs, awakeAfter(committed, BEHIND_MS_MAX, sleeps))
    const toMs = entries[index + 1]?.[0] ?? endMs
    if (toMs > fromMs) lies.push({ seq: seq! + 1, committedAtMs: committed, fromMs, toMs })
  })
  return lies
}

/** When the page has run for some time after a moment. */
function awakeAfter(atMs: number, ms: number, sleeps: readonly { fromMs: number; toMs: number }[]): number {
  let endMs = atMs + ms
  for (const { fromMs, toMs } of sleeps) if (toMs > atMs && fromMs < endMs) endMs += toMs - Math.max(fromMs, atMs)
  return endMs
}

/** Where events are missing, repeated or out of order. */
export function findDisorder(entries: readonly Entry[]): string[] {
  const found: string[] = []
  let seq: number | undefined
  for (const [, kind, value] of entries) {
    if (kind === 'event' && value !== (seq ?? -1) + 1) found.push(`event ${value} after ${seq}`)
    if (kind === 'snapshot' && value < (seq ?? 0)) found.push(`a snapshot at ${value} after ${seq}`)
    if (kind === 'event' || kind === 'snapshot') seq = value
  }
  return found
}

/** How late events arrived at a page that was live and running, in ms, in ascending order. */
export function arrivalDelays(entries: readonly Entry[], committedAtMs: ReadonlyMap<number, number>): number[] {
  let isLive = false
  let ranAtMs = -Infinity
  const delays: number[] = []
  for (const [atMs, kind, value] of entries) {
    if (kind === 'status') {
      isLive = value === 'live'
      ranAtMs = atMs
    }
    if (kind === 'gap') ranAtMs = atMs
    const committed = kind === 'event' ? committedAtMs.get(value) : undefined
    if (isLive && committed !== undefined && committed > ranAtMs) delays.push(Math.max(0, atMs - committed))
  }
  return delays.toSorted((a, b) => a - b)
}
