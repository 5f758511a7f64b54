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
 * A statement for one entry. The transaction sends it last, because it locks the end of the chain until the commit.
 *
 * @example
 * const entry = { actor: 'environment', actorName: 'environment', action: 'mintToken', subject: 'ann', note: null }
 * const { text, values } = insertAuditEntry({ ...entry, before: null, after: null, result: 'ok', address: null })
 * (await pool.query(text, values)).rowCount //=> 1
 */
export function insertAuditEntry(entry: AuditEntry): { readonly text: string; readonly values: unknown[] } {
  const { actor, actorName, action, subject, note, before, after, result, address } = entry
  const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value))
  return { text: INSERT, values: [actor, actorName, action, subject, note, json(before), json(after), result, address] }
}

const INSERT = `
  INSERT INTO audit_log (actor, actor_name, action, subject, note, before, after, result, address)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

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
  const { text, values } = insertAuditEntry(entry)
  await db.executeQuery(CompiledQuery.raw(text, values))
}
