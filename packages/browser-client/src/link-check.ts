/** What is known of a link on which something should be heard from time to time. */
export interface Link {
  readonly heardAtMs: number
  /** Longer silence than this is suspicious. */
  readonly silenceMsMax: number
  /** When a check found silence that nothing has broken since. */
  readonly suspectedAtMs: number | undefined
}

export type LinkVerdict =
  | { readonly verdict: 'alive' | 'suspect'; readonly checkInMs: number }
  | { readonly verdict: 'dead' }

const SECOND_LOOK_MS = 2_000

/**
 * Judges a link. One look is not enough: in a tab that was throttled, frozen or asleep the check itself may be late,
 * and run before the messages that waited with it. Silence at a second look, after the page has had time to read them,
 * is death.
 */
export function checkLink({ heardAtMs, silenceMsMax, suspectedAtMs }: Link, nowMs: number): LinkVerdict {
  // A clock that was set back must not make a link immortal.
  const silentMs = Math.abs(nowMs - heardAtMs)
  if (silentMs < silenceMsMax) return { verdict: 'alive', checkInMs: silenceMsMax - silentMs }
  if (suspectedAtMs === undefined) return { verdict: 'suspect', checkInMs: SECOND_LOOK_MS }
  const leftMs = SECOND_LOOK_MS - Math.abs(nowMs - suspectedAtMs)
  return leftMs > 0 ? { verdict: 'suspect', checkInMs: leftMs } : { verdict: 'dead' }
}
