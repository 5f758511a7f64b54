import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../schema.generated.ts'
import type { AuditEntry } from './append-entry.ts'

/** An entry with its place in the chain. */
export interface LoggedEntry extends AuditEntry {
  readonly position: number
  readonly at: Date
  readonly previousHash: Buffer
  readonly hash: Buffer
}

export interface AuditLogQuery {
  /** Only entries before this position. */
  readonly before?: number | undefined
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly subject?: string | undefined
  /** Also the entries of the database itself, which chain and delete routine calls; else only with `actor` or `action`. */
  readonly isComplete?: boolean
  readonly limit: number
}

/** The actor of an entry that no person and no API key has caused. */
const DATABASE_ACTOR = 'database'

/**
 * Entries of the audit log, the newest first.
 *
 * @example
 * await readAuditLog(createKysely(pool), { limit: 10 }) //=> []
 */
export async function readAuditLog(
  db: Kysely<Database>,
  { before, actor, action, subject, isComplete = false, limit }: AuditLogQuery,
): Promise<LoggedEntry[]> {
  let query = db.selectFrom('audit_log').selectAll().orderBy('position', 'desc').limit(limit)
  if (before !== undefined) query = query.where('position', '<', before)
  if (actor !== undefined) query = query.where('actor', '=', actor)
  if (action !== undefined) query = query.where('action', '=', action)
  if (subject !== undefined) query = query.where('subject', '=', subject)
  const isShort = !isComplete && actor === undefined && action === undefined
  // As a literal: a prepared statement with a parameter could not use the index of these.
  if (isShort) query = query.where('actor', '<>', sql.lit(DATABASE_ACTOR))
  const rows = await query.execute()
  return rows.map(({ actor_name: actorName, previous_hash: previousHash, before: was, after, ...row }) =>
    Object.assign(row, { actorName, previousHash, before: was as object | null, after: after as object | null }),
  )
}

/** The last entry of a log: with it, a later check also finds that the end was removed. */
export interface AuditHead {
  readonly position: number
  /** In hexadecimal. */
  readonly hash: string
}

/**
 * The end of the audit log; undefined while it is empty.
 *
 * @example
 * await readAuditHead(createKysely(pool)) //=> undefined
 */
export async function readAuditHead(db: Kysely<Database>): Promise<AuditHead | undefined> {
  const head = await db
    .selectFrom('audit_log')
    .select(['position', sql<string>`encode(hash, 'hex')`.as('hash')])
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst()
  return head
}
