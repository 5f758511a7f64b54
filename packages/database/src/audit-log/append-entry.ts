import { CompiledQuery, type Kysely } from 'kysely'
import type { DB as Database } from '../schema.generated.ts'

/** A row of the audit log: who changed what, and from where. The database adds the time and the hashes. */
export interface AuditEntry {
  /** The id of an operator or an API key, `environment`, `command line`, or `database`. */
  readonly actor: string
  readonly actorName: string
  /** The operation, such as `actOnOrder`. */
  readonly action: string
  /** The id of what was changed. */
  readonly subject: string | null
  readonly note: string | null
  readonly before: object | null
  readonly after: object | null
  /** `ok`, or the code of the error. */
  readonly result: string
  readonly address: string | null
}

/**
 * A statement for entries, in their order. The transaction sends it last, because it locks the end of the chain until the commit.
 *
 * @example
 * const entry = { actor: 'environment', actorName: 'environment', action: 'mintToken', subject: 'ann', note: null }
 * const { text, values } = insertAuditEntries([{ ...entry, before: null, after: null, result: 'ok', address: null }])
 * (await pool.query(text, values)).rowCount //=> 1
 */
export function insertAuditEntries(entries: readonly AuditEntry[]): {
  readonly name: string
  readonly text: string
  readonly values: unknown[]
} {
  const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value))
  return {
    name: 'insert_audit_entries',
    text: INSERT,
    values: [
      entries.map(({ actor }) => actor),
      entries.map(({ actorName }) => actorName),
      entries.map(({ action }) => action),
      entries.map(({ subject }) => subject),
      entries.map(({ note }) => note),
      entries.map(({ before }) => json(before)),
      entries.map(({ after }) => json(after)),
      entries.map(({ result }) => result),
      entries.map(({ address }) => address),
    ],
  }
}

const INSERT = `
  INSERT INTO audit_log (actor, actor_name, action, subject, note, before, after, result, address)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::json[], $8::text[], $9::text[])`

/**
 * Appends an entry to the audit log.
 *
 * @param db in a transaction, the last statement.
 * @example
 * const entry = { actor: 'pxk_0123456789ab', actorName: 'the panel', action: 'mintToken', subject: 'ann' }
 * await appendAuditEntry(createKysely(pool), { ...entry, note: null, before: null, after: null, result: 'ok', address: null })
 * const { rows } = await pool.query('SELECT position, subject FROM audit_log')
 * rows //=> [{ position: 1, subject: 'ann' }]
 */
export async function appendAuditEntry(db: Kysely<Database>, entry: AuditEntry): Promise<void> {
  const { text, values } = insertAuditEntries([entry])
  await db.executeQuery(CompiledQuery.raw(text, values))
}
