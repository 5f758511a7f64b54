import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'
import { ERASE_ATTEMPTS, eraseOrders, OF_ITS_ORDERS } from './erasure/functions.ts'

/**
 * Every attempt of an outgoing webhook, in its row: an attempt updates the row anyway, so that a table of attempts would be
 * another write, and another retention.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`SELECT quote_ident(current_schema()) AS schema`.execute(db)
  for (const statement of [ATTEMPT_HISTORY, eraseOrders(rows[0]!.schema, OF_ITS_ORDERS, ERASE_ATTEMPTS)]) {
    await sql.raw(statement).execute(db)
  }
}

const ATTEMPT_HISTORY = `
  -- The recorded attempts, oldest first: [{at, durationMs, status, error, response}].
  ALTER TABLE outgoing_webhooks ADD COLUMN attempt_history jsonb;
  GRANT UPDATE (attempt_history) ON outgoing_webhooks TO ${DATABASE_ROLES.ingest}`
