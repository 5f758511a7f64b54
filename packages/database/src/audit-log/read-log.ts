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
  readonly limit: number
}

/**
 * Entries of the audit log, the newest first.
 *
 * @example
 * await readAuditLog(createKysely(pool), { limit: 10 }) //=> []
 */
export async function readAuditLog(
  db: Kysely<Database>,
  { before, actor, action, subject, limit }: AuditLogQuery,
): Promise<LoggedEntry[]> {
  let query = db
    .selectFrom('audit_log')
    .select(['at', 'actor', 'actor_name as actorName', 'action', 'subject', 'note', 'result', 'address', 'hash'])
    .select([POSITION, 'previous_hash as previousHash'])
    .select([sql<object | null>`before`.as('before'), sql<object | null>`after`.as('after')])
    .orderBy('audit_log.position', 'desc')
    .limit(limit)
  if (before !== undefined) query = query.where('audit_log.position', '<', before)
  if (actor !== undefined) query = query.where('actor', '=', actor)
  if (action !== undefined) query = query.where('action', '=', action)
  if (subject !== undefined) query = query.where('subject', '=', subject)
  return query.execute()
}

/** A number with every pool: those of the command line return int8 as text. */
const POSITION = sql<number>`position::float8`.as('position')

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
  return db
    .selectFrom('audit_log')
    .select([POSITION, sql<string>`encode(hash, 'hex')`.as('hash')])
    .orderBy('audit_log.position', 'desc')
    .limit(1)
    .executeTakeFirst()
}
