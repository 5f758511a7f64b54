import { createHash } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../schema.generated.ts'
import type { AuditHead } from './read-log.ts'
import { createCallCheck, type GroupEntry } from './calls/verify-calls.ts'
import { createErasureCheck } from './erased-entries.ts'
import { problemOfSignature, readAuditSignatures } from './sign-log.ts'

export interface AuditLogCheck {
  /** Entries that were checked. */
  readonly entries: number
  /** Routine calls of API keys that were checked: those that are kept and chained. */
  readonly calls: number
  /** The end of the log; undefined while it is empty. */
  readonly head: AuditHead | undefined
  /** Signatures that were checked. */
  readonly signatures: number
  /** When the last one was made, as an ISO time. */
  readonly signedAt: string | undefined
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
  /** The erasure that took the user out of the entry. */
  readonly erasure_id: string | null
  readonly action: string
  readonly after: string | null
}

export interface VerifyOptions {
  /** A head that was noted before: the log must still contain it. */
  readonly known?: AuditHead | undefined
  /** The keys that may have signed the log, in base64url; without them, a signature's own key is used. */
  readonly publicKeys?: readonly string[]
}

/**
 * Computes the chain of the audit log again, apart from the database's own function, and verifies its signatures. The log must
 * contain each end that was signed. Of an entry that an erasure has changed, the hash is kept, and the entry of the erasure
 * vouches for it. The groups of routine calls are checked against the digests in their entries.
 *
 * @example
 * const { entries, calls, problems } = await verifyAuditLog(createKysely(pool))
 * ({ entries, calls, problems }) //=> { entries: 0, calls: 0, problems: [] }
 */
export async function verifyAuditLog(
  db: Kysely<Database>,
  { known, publicKeys = [] }: VerifyOptions = {},
): Promise<AuditLogCheck> {
  const problems: string[] = []
  const report = (problem: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push(problem)
  }
  // Before the log, which may grow meanwhile.
  const signatures = await readAuditSignatures(db)
  for (const signature of signatures) {
    const problem = problemOfSignature(signature, publicKeys)
    if (problem !== undefined) report(`the signature of ${signature.signedAt.toISOString()}: ${problem}`)
  }
  const noted = new Set([...(known === undefined ? [] : [known]), ...signatures].map(textOf))
  const erasures = createErasureCheck()
  const calls = createCallCheck(db, report)
  let last: Pick<ChainedRow, 'position' | 'hash'> = { position: 0, hash: FIRST_HASH }
  for (;;) {
    const rows = await readRows(db, last.position)
    const groups: GroupEntry[] = []
    for (const row of rows) {
      if (row.position !== last.position + 1) report(`entry ${row.position}: the entry before it is missing`)
      if (!row.previous_hash.equals(last.hash)) report(`entry ${row.position}: it does not follow the entry before it`)
      if (row.erasure_id !== null) erasures.addErased(row)
      else if (!hashOf(row).equals(row.hash)) report(`entry ${row.position}: it was changed after it was written`)
      else if (row.action === 'eraseUser') erasures.addErasure(row)
      else if (row.action === 'chainCalls') groups.push({ ...row, atUs: Number(row.fields[1]) })
      last = row
      noted.delete(textOf(headOf(row)))
    }
    await calls.addEntries(groups)
    if (rows.length < BATCH_ROWS) break
  }
  await calls.finish()
  for (const problem of erasures.problems()) report(problem)
  for (const head of noted) {
    const [position] = head.split(':')
    report(`entry ${position}: it is not the one that was noted or signed; entries were removed or replaced`)
  }
  return {
    entries: last.position,
    calls: calls.calls,
    head: last.position === 0 ? undefined : headOf(last),
    signatures: signatures.length,
    signedAt: signatures.at(-1)?.signedAt.toISOString(),
    problems,
  }
}

const textOf = ({ position, hash }: AuditHead): string => `${position}:${hash}`
const headOf = ({ position, hash }: Pick<ChainedRow, 'position' | 'hash'>): AuditHead => ({
  position,
  hash: hash.toString('hex'),
})

async function readRows(db: Kysely<Database>, after: number): Promise<ChainedRow[]> {
  const { rows } = await sql<ChainedRow>`
    SELECT position, previous_hash, hash, ARRAY[
      position::text, (extract(epoch FROM at) * 1000000)::bigint::text, actor, actor_name, action, subject, note,
      before::text, after::text, result, address
    ] AS fields, erasure_id, action, after::text AS after
    FROM audit_log WHERE position > ${after} ORDER BY position LIMIT ${BATCH_ROWS}`.execute(db)
  return rows
}

/** Each field with its length, so that no two entries have the same text. */
function hashOf({ previous_hash: previous, fields }: ChainedRow): Buffer {
  const text = [previous.toString('hex'), ...fields].map((field) =>
    field === null ? '-' : `${Buffer.byteLength(field)}:${field}`,
  )
  return createHash('sha256').update(text.join(',')).digest()
}
