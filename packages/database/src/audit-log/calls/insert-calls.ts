/** A routine call of an API key. The database adds the time. */
export interface AuditCall {
  /** The id of an API key, or `environment`. */
  readonly actor: string
  readonly address: string | null
  /** The operation, such as `registerOrder`. */
  readonly action: string
  /** The id of an order, or of a token. */
  readonly subject: string | null
  /** The user whose account or token it is about; an order leads to its user. */
  readonly userId: string | null
  /** `ok`, or the code of the error. */
  readonly result: string
  readonly after: object | null
}

/**
 * A statement that records calls, without the lock of the audit log. `chainAuditCalls` chains them.
 *
 * @example
 * const call = { actor: 'environment', address: '192.0.2.1', action: 'mintToken', subject: 'a-jti', userId: 'ann' }
 * const { text, values } = insertAuditCalls([{ ...call, result: 'ok', after: null }])
 * (await pool.query(text, values)).rowCount //=> 1
 */
export function insertAuditCalls(calls: readonly AuditCall[]): {
  readonly name: string
  readonly text: string
  readonly values: unknown[]
} {
  return {
    name: 'insert_audit_calls',
    text: INSERT,
    values: [
      calls.map(({ actor }) => actor),
      calls.map(({ address }) => address),
      calls.map(({ action }) => action),
      calls.map(({ subject }) => subject),
      calls.map(({ userId }) => userId),
      calls.map(({ result }) => result),
      calls.map(({ after }) => (after === null ? null : JSON.stringify(after))),
    ],
  }
}

const INSERT = `
  INSERT INTO audit_calls (actor, address, action, subject, user_id, result, after)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[])`
