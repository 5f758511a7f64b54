import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Deliveries that pay only after verification, and deliveries from the provider's responses. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE deliveries
      -- How we came by it: the provider called, or we asked.
      ADD origin text NOT NULL DEFAULT 'webhook' CHECK (origin IN ('webhook', 'reconcile')),
      DROP CONSTRAINT deliveries_outcome_check,
      ADD CONSTRAINT deliveries_outcome_check CHECK (outcome IN
        ('applied', 'progress', 'unchanged', 'stale', 'review', 'parked', 'awaiting_confirmation'))`.execute(db)

  await sql`
    CREATE TABLE confirmations (
      delivery_id       text PRIMARY KEY REFERENCES deliveries,
      provider          text NOT NULL,
      provider_order_id text NOT NULL,
      created_at        timestamptz NOT NULL,
      attempts          integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
      -- When the provider is asked next. The asking process moves this forward first, which makes it a lease.
      due_at            timestamptz NOT NULL,
      last_error        text,
      settled_at        timestamptz,
      -- The provider's final response; null when it could not be asked.
      answer            text,
      CHECK (answer IS NULL OR settled_at IS NOT NULL)
    ) WITH (fillfactor = 70)`.execute(db)
  await sql`CREATE INDEX confirmations_due ON confirmations (due_at) WHERE settled_at IS NULL`.execute(db)

  await sql`
    GRANT SELECT, INSERT, UPDATE (attempts, due_at, last_error, settled_at, answer) ON confirmations
    TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
