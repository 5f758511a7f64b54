import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Drip-feed orders, and a bound on the deliveries that wait. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addDripFeed(db)
  await boundWaiting(db)
}

async function addDripFeed(db: Kysely<unknown>): Promise<void> {
  // A constant default does not rewrite the table.
  await sql`
    ALTER TABLE orders
      -- How often the quantity is delivered; more than once in a drip-feed order.
      ADD runs integer NOT NULL DEFAULT 1 CHECK (runs BETWEEN 1 AND 1000),
      -- The minutes between two runs.
      ADD run_interval integer CHECK (run_interval >= 0)`.execute(db)
  // What a person needs to decide, such as the readings of an ambiguous count.
  await sql`ALTER TABLE reviews ADD detail text`.execute(db)
  await sql`GRANT UPDATE (detail) ON reviews TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
  // Every outcome that the table contains is still allowed.
  await sql`
    ALTER TABLE deliveries
      DROP CONSTRAINT deliveries_outcome_check,
      ADD CONSTRAINT deliveries_outcome_check CHECK (outcome IN ('applied', 'progress', 'unchanged', 'stale', 'ignored',
        'superseded', 'review', 'parked', 'awaiting_verification')) NOT VALID`.execute(db)
}

/**
 * A delivery whose order is not registered keeps its parsed update while it waits, and only the last one of each status
 * waits. The index finds those of an order among any number of others.
 */
async function boundWaiting(db: Kysely<unknown>): Promise<void> {
  await sql`
    WITH ranked AS (
      SELECT delivery_id, row_number() OVER (
        PARTITION BY provider, provider_order_id, waiting_update::json ->> 'status', waiting_update::json ->> 'problem',
          waiting_update::json ->> 'word',
          CASE WHEN waiting_update::json ->> 'status' = 'partial' THEN waiting_update::json ->> 'remains' END
        ORDER BY received_at DESC, delivery_id DESC) AS place
      FROM deliveries WHERE outcome = 'parked'
    )
    UPDATE deliveries SET outcome = 'superseded', waiting_update = NULL FROM ranked
    WHERE deliveries.delivery_id = ranked.delivery_id AND place > 1`.execute(db)
  // Parked by a version that did not keep the update: its order's registration opens a review.
  await sql`
    UPDATE deliveries SET waiting_update = json_build_object('providerOrderId', provider_order_id, 'status', 'unknown',
      'remains', NULL, 'startCount', NULL, 'problem', 'unknown_status')::text
    WHERE outcome = 'parked' AND waiting_update IS NULL`.execute(db)
  await sql`
    CREATE INDEX waiting_deliveries ON deliveries (provider_order_id, provider) WHERE waiting_update IS NOT NULL`.execute(
    db,
  )
}
