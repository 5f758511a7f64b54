import { createHash } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../schema.generated.ts'
import type { AuditHead } from './read-log.ts'

export interface AuditLogCheck {
  /** Entries that were checked. */
  readonly entries: number
  /** The end of the log; undefined while it is empty. */
  readonly head: AuditHead | undefined
  /** What is wrong, in words, from the first broken entry on; empty when the chain holds. */
  readonly problems: readonly string[]
}

const BATCH_ROWS = 1_000
const PROBLEMS_MAX = 20
const FIRST_HASH = Buffer.alloc(32)

/** An entry as the trigger hashes it. */
interface ChainedRow {
  readonly position: number
  readonly previous_hash: Buffer
  readonly hash: Buffer
  readonly fields: readonly (string | null)[]
}

/**
 * Computes the chain of the audit log again, apart from the database's own function.
 *
 * @param known a head that was noted before: the log must still contain it.
 * @example
 * await verifyAuditLog(createKysely(pool)) //=> { entries: 0, head: undefined, problems: [] }
 */
export async function verifyAuditLog(db: Kysely<Database>, known?: AuditHead): Promise<AuditLogCheck> {
  const problems: string[] = []
  const report = (position: number, problem: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push(`entry ${position}: ${problem}`)
  }
  let last: Pick<ChainedRow, 'position' | 'hash'> = { position: 0, hash: FIRST_HASH }
  let hasKnown = known === undefined
  for (;;) {
    const rows = await readRows(db, last.position)
    for (const row of rows) {
      if (row.position !== last.position + 1) report(row.position, 'the entry before it is missing')
      if (!row.previous_hash.equals(last.hash)) report(row.position, 'it does not follow the entry before it')
      if (!hashOf(row).equals(row.hash)) report(row.position, 'it was changed after it was written')
      if (known?.position === row.position && known.hash === row.hash.toString('hex')) hasKnown = true
      last = row
    }
    if (rows.length < BATCH_ROWS) break
  }
  if (!hasKnown)
    problems.push(`entry ${known!.position}: it is not the one that was noted; entries were removed or replaced`)
  const head = last.position === 0 ? undefined : { position: last.position, hash: last.hash.toString('hex') }
  return { entries: last.position, head, problems }
}

async function readRows(db: Kysely<Database>, after: number): Promise<ChainedRow[]> {
  const { rows } = await sql<ChainedRow>`
    SELECT position::float8 AS position, previous_hash, hash, ARRAY[
      position::text, (extract(epoch FROM at) * 1000000)::bigint::text, actor, actor_name, action, subject, note,
      before::text, after::text, result, address
    ] AS fields
    FROM audit_log WHERE audit_log.position > ${after} ORDER BY audit_log.position LIMIT ${BATCH_ROWS}`.execute(db)
  return rows
}

/** Each field with its length, so that no two entries have the same text. */
function hashOf({ previous_hash: previous, fields }: ChainedRow): Buffer {
  const text = [previous.toString('hex'), ...fields].map((field) =>
    field === null ? '-' : `${Buffer.byteLength(field)}:${field}`,
  )
  return createHash('sha256').update(text.join(',')).digest()
}
