import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/**
 * An order may have no provider order yet, get one later, and get another one. The changes are append-only, so that a
 * delivery of an id that no order has any more is recognized.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE orders ALTER provider DROP NOT NULL, ALTER provider_order_id DROP NOT NULL`.execute(db)
  // Every row has both, so there is nothing to check.
  await sql`
    ALTER TABLE orders ADD CONSTRAINT orders_provider_order CHECK (
      (provider IS NULL) = (provider_order_id IS NULL)) NOT VALID`.execute(db)
  await sql`
    CREATE TABLE provider_order_changes (
      change_id                uuid PRIMARY KEY,
      order_id                 text NOT NULL REFERENCES orders,
      provider                 text NOT NULL,
      provider_order_id        text NOT NULL,
      -- Null when the order had none before.
      former_provider          text,
      former_provider_order_id text,
      key_id                   text NOT NULL,
      created_at               timestamptz NOT NULL,
      CHECK ((former_provider IS NULL) = (former_provider_order_id IS NULL))
    )`.execute(db)
  await sql`CREATE INDEX changes_of_order ON provider_order_changes (order_id, created_at)`.execute(db)
  await sql`
    CREATE INDEX former_provider_orders ON provider_order_changes (former_provider_order_id, former_provider)
    WHERE former_provider_order_id IS NOT NULL`.execute(db)
  await sql`
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON provider_order_changes
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change()`.execute(db)

  // Every outcome that the table contains is still allowed.
  await sql`
    ALTER TABLE deliveries
      DROP CONSTRAINT deliveries_outcome_check,
      ADD CONSTRAINT deliveries_outcome_check CHECK (outcome IN
        ('applied', 'progress', 'unchanged', 'stale', 'superseded', 'review', 'parked', 'awaiting_verification'))
        NOT VALID`.execute(db)
  for (const grant of ['UPDATE (provider, provider_order_id) ON orders', 'SELECT, INSERT ON provider_order_changes']) {
    await sql`GRANT ${sql.raw(grant)} TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
  }
}
