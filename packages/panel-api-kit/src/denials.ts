import { insertAuditEntries, type AuditEntry } from '@paxyo/database'
import { createConcurrencyLimiter } from '@paxyo/service-kit'
import type { Pool } from 'pg'

// A request can be denied before it waits for one of the API's slots. Each entry locks the end of the audit log, so that one
// client with too few scopes must not take the connections that webhooks need.

/** One entry at a time, and some that wait. */
const ACTIVE_MAX = 1
const WAITING_MAX = 20
const WAIT_MS_MAX = 1_000
/** Of each principal and operation, one entry in this time. */
const WINDOW_MS = 60_000

/** Writes entries of denied requests. */
export interface DenialLog {
  /**
   * @returns false when too many entries wait.
   * @throws the database's errors.
   */
  write(entry: AuditEntry): Promise<boolean>
}

export interface DenialLogOptions {
  readonly pool: Pick<Pool, 'query'>
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
}

/** Writes an entry in a transaction of its statement alone. */
export async function insertEntry(pool: Pick<Pool, 'query'>, entry: AuditEntry): Promise<void> {
  await pool.query(insertAuditEntries([entry]))
}

export function createDenialLog({ pool, now }: DenialLogOptions): DenialLog {
  const limiter = createConcurrencyLimiter(ACTIVE_MAX, WAITING_MAX, WAIT_MS_MAX)
  /** Principals are authenticated and operations are known, so these are few. */
  let written = new Set<string>()
  let windowAtMs = -Infinity

  function isFirst({ actor, action, result }: AuditEntry): boolean {
    if (now() - windowAtMs >= WINDOW_MS) {
      windowAtMs = now()
      written = new Set()
    }
    const key = `${actor} ${action} ${result}`
    if (written.has(key)) return false
    written.add(key)
    return true
  }

  return {
    async write(entry) {
      if (!isFirst(entry)) return true
      const leave = await limiter.enter()
      if (leave === undefined) return false
      try {
        await insertEntry(pool, entry)
        return true
      } finally {
        leave()
      }
    },
  }
}
