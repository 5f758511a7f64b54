/**
 * Guarantees: a failover shows no page what was before. A client whose position the database does not have is rejected for a while,
 * and its next attempt resumes.
 *
 * How: a former primary that still runs is read for some seconds, until its connections are closed. It does not have what clients have
 * received from the new one. A backup that was restored without a new epoch does not have it either, and never will: a user who
 * is still ahead of the database after some time gets a snapshot.
 *
 * Without it, a client that reconnects during a failover would receive an old snapshot, and its latest events twice.
 */

export interface BehindClients {
  /** Notes that a user has received what the database does not have. @returns whether it is for so long that the database was restored. */
  isRestored(userId: string): boolean
  /** Notes that the database has what the user has received. */
  hasReceived(userId: string): void
}

/** Longer than a former primary is read. */
const FORMER_PRIMARY_MS = 20_000
/** A user who did not come back for so long was ahead in another failover. */
const FORGET_MS = 300_000
/** The one who is ahead for the longest time is forgotten, and rejected for as long again. */
const USERS_MAX = 100_000

/** @param now in ms. */
export function createBehindClients(now: () => number): BehindClients {
  /** Since when users are ahead, the longest first. */
  const aheadSince = new Map<string, number>()
  return {
    isRestored(userId) {
      const since = aheadSince.get(userId)
      if (since !== undefined && now() - since < FORGET_MS) return now() - since >= FORMER_PRIMARY_MS
      aheadSince.delete(userId)
      aheadSince.set(userId, now())
      if (aheadSince.size > USERS_MAX) aheadSince.delete(aheadSince.keys().next().value!)
      return false
    },
    hasReceived(userId) {
      aheadSince.delete(userId)
    },
  }
}
