import { sql, type Kysely } from 'kysely'
import { ACCOUNTS_AND_ORDERS } from './baseline/accounts-and-orders.ts'
import { CONNECTIONS } from './baseline/connections.ts'
import { DELIVERIES } from './baseline/deliveries.ts'
import { EVENTS } from './baseline/events.ts'
import { ledgerRules } from './baseline/ledger-rules.ts'
import { auditLog, OPERATORS } from './baseline/operators.ts'
import { OUTGOING_WEBHOOKS } from './baseline/outgoing-webhooks.ts'
import { PANEL_API } from './baseline/panel-api.ts'
import { REVIEWS } from './baseline/reviews.ts'
import { createRoles } from './baseline/roles.ts'

/**
 * The schema of the first release. Money is `numeric(20, 8)`; every time is the database's own clock, so that services need
 * not agree on theirs.
 *
 * Its statements need not avoid locks: a database that gets it is empty. Those of every later migration must.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createRoles(db)
  // Functions name their tables with the schema, so that a session's temporary tables cannot take their place.
  const { rows } = await sql<{ schema: string }>`SELECT quote_ident(current_schema()) AS schema`.execute(db)
  const { schema } = rows[0]!
  for (const statements of [
    ACCOUNTS_AND_ORDERS,
    ledgerRules(schema),
    DELIVERIES,
    EVENTS,
    REVIEWS,
    PANEL_API,
    OUTGOING_WEBHOOKS,
    OPERATORS,
    auditLog(schema),
    CONNECTIONS,
  ]) {
    await sql.raw(statements).execute(db)
  }
}
