import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/**
 * What an account's page shows of all its orders, kept with the account, so that a snapshot does not count them.
 *
 * The totals are those of the account's seq in `totals_seq`. While services of the version before still run, they move
 * `last_seq` on without the totals: then, and for accounts from before, the totals are counted when they are needed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Constant defaults do not rewrite the table.
  await sql`
    ALTER TABLE accounts
      -- Of all orders, including what another system had refunded. It may exceed every balance, so it has no limit.
      ADD refunded     numeric NOT NULL DEFAULT 0,
      -- The number of orders by status, as a JSON object; statuses without orders are left out.
      ADD order_counts jsonb NOT NULL DEFAULT '{}',
      -- The last_seq at which the totals were right; -1 when they were never counted.
      ADD totals_seq   bigint NOT NULL DEFAULT -1`.execute(db)
  await sql`
    GRANT UPDATE (refunded, order_counts, totals_seq) ON accounts TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
