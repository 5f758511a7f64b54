/** The observed state of a link on which messages should arrive regularly. */
export interface Link {
  readonly lastReceivedAtMs: number
  /** A longer silence is suspicious. */
  readonly silenceMsMax: number
  /** When a check found a silence that still lasts. */
  readonly suspectedAtMs: number | undefined
}

export type LinkVerdict =
  | { readonly verdict: 'alive' | 'suspect'; readonly checkInMs: number }
  | { readonly verdict: 'dead' }

/**
 * When to look for the response to `check`, in ms after each other. After two looks without one the link is suspect, so
 * that no page is `live` for a second on a dead link; after all of them it is dead: 3 seconds in total.
 */
export const SUSPECT_LOOKS_MS = [500, 200]
export const DEATH_LOOKS_MS = [1_100, 1_000]

const SECOND_LOOK_MS = 2_000

/**
 * Checks whether a link is dead. One check is not enough: in a tab that was throttled, frozen or asleep, the check
 * itself may be late and run before queued messages. A link is dead if it is still silent at a second check, after the
 * page has had time to read them.
 */
export function checkLink({ lastReceivedAtMs, silenceMsMax, suspectedAtMs }: Link, nowMs: number): LinkVerdict {
  // Also detects a dead link after the clock was set back.
  const silentMs = Math.abs(nowMs - lastReceivedAtMs)
  if (silentMs < silenceMsMax) return { verdict: 'alive', checkInMs: silenceMsMax - silentMs }
  if (suspectedAtMs === undefined) return { verdict: 'suspect', checkInMs: SECOND_LOOK_MS }
  const leftMs = SECOND_LOOK_MS - Math.abs(nowMs - suspectedAtMs)
  return leftMs > 0 ? { verdict: 'suspect', checkInMs: leftMs } : { verdict: 'dead' }
}
