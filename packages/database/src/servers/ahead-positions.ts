/**
 * Guarantees: a failover shows no client what was before. A client whose position the database does not have is rejected for a while,
 * and its next attempt continues there.
 *
 * How: a former primary that still runs is read for some seconds, until its connections are closed. It does not have what clients have
 * received from the new one. A backup that was restored without a new epoch does not have it either, and never will: a position that
 * the database still does not have after some time is void.
 *
 * Without it, a browser that reconnects during a failover would receive an old snapshot, and its latest events twice; and a panel that
 * follows a feed would be sent to an old copy of everything.
 */

export interface AheadPositions {
  /** Notes that the database does not have a position. @returns whether it is for so long that the database was restored. */
  isRestored(key: string): boolean
  /** Notes that the database has it. */
  hasReceived(key: string): void
}

/** Longer than a former primary is read. */
const FORMER_PRIMARY_MS = 20_000
/** The one that is ahead for the longest time is forgotten, and rejected for as long again. */
const POSITIONS_MAX = 100_000

/**
 * @param now in ms.
 * @param forgetMs after this time without an attempt, the same key is ahead in another failover.
 * @example
 * let nowMs = 0
 * const ahead = createAheadPositions(() => nowMs)
 * ahead.isRestored('ann') //=> false
 * nowMs = 20_000
 * ahead.isRestored('ann') //=> true
 */
export function createAheadPositions(now: () => number, forgetMs = Infinity): AheadPositions {
  /** Since when keys are ahead, the longest first. */
  const aheadSince = new Map<string, number>()
  return {
    isRestored(key) {
      const since = aheadSince.get(key)
      if (since !== undefined && now() - since < forgetMs) return now() - since >= FORMER_PRIMARY_MS
      aheadSince.delete(key)
      aheadSince.set(key, now())
      if (aheadSince.size > POSITIONS_MAX) aheadSince.delete(aheadSince.keys().next().value!)
      return false
    },
    hasReceived(key) {
      aheadSince.delete(key)
    },
  }
}
