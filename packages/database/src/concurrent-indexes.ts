import type { Pool } from 'pg'
import { WEBHOOK_PROVIDER_SQL, WEBHOOK_SERVICE_SQL } from './webhook-order.ts'

/**
 * Indexes of large tables that only searches, sums and retention use. They are created after the migrations, concurrently, so that
 * services of the version before write meanwhile.
 */
const INDEXES: Readonly<Record<string, string>> = {
  // A search ignores the scheme and www. The prefix is enough to find an order.
  orders_by_link: `ON orders (left(regexp_replace(link, '^https?://(www\\.)?', '', 'i'), 64) text_pattern_ops)`,
  // The database's own entries chain routine calls, once a minute; a list of the others passes them over.
  audit_log_of_people: `ON audit_log (position) WHERE actor <> 'database'`,
  verifications_settled: 'ON verifications (settled_at) WHERE settled_at IS NOT NULL',
  // Rows are appended in about this order, so that an index of ranges is enough.
  ledger_entries_by_time: 'ON ledger_entries USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on)',
  // Only the webhooks about refunds are searched like this, and an index of all would delay each of them by a tenth.
  refund_webhooks_of_provider: `ON outgoing_webhooks ((${WEBHOOK_PROVIDER_SQL}), queue_number) WHERE type = 'refund.paid'`,
  refund_webhooks_of_service: `ON outgoing_webhooks ((${WEBHOOK_SERVICE_SQL}), queue_number) WHERE type = 'refund.paid'`,
  refund_webhooks_of_both: `ON outgoing_webhooks ((${WEBHOOK_SERVICE_SQL}), (${WEBHOOK_PROVIDER_SQL}), queue_number) WHERE type = 'refund.paid'`,
}

const FIND_INVALID = `
  SELECT relname AS name FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
  WHERE relname = ANY($1) AND NOT indisvalid AND relnamespace = current_schema()::regnamespace`

/** Creates the indexes that are missing, as the owner. While another process does, this one leaves it to that. */
export async function createIndexes(pool: Pool): Promise<void> {
  const client = await pool.connect()
  try {
    // A process that waited for the lock would itself hold up the creation of an index.
    const { rows } = await client.query<{ locked: boolean }>(
      `SELECT pg_try_advisory_lock(hashtext('paxyo indexes')) AS locked`,
    )
    if (rows[0]?.locked !== true) return
    const invalid = await client.query<{ name: string }>(FIND_INVALID, [Object.keys(INDEXES)])
    for (const { name } of invalid.rows) await client.query(`DROP INDEX CONCURRENTLY ${name}`)
    for (const [name, definition] of Object.entries(INDEXES)) {
      await client.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${name} ${definition}`)
    }
    await client.query(`SELECT pg_advisory_unlock(hashtext('paxyo indexes'))`)
  } finally {
    client.release()
  }
}
