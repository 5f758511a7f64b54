import { sql, type Kysely } from 'kysely'

/** Renames tables, columns and values to the terms of the documentation. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const rename of [
    'TABLE confirmations RENAME TO verifications',
    'TABLE verifications RENAME COLUMN answer TO response',
    'TABLE panel_webhooks RENAME TO outgoing_webhooks',
    'TABLE panel_webhook_cursor RENAME TO outgoing_webhook_cursor',
    'INDEX confirmations_due RENAME TO verifications_due',
    'INDEX panel_webhooks_due RENAME TO outgoing_webhooks_due',
    'INDEX panel_webhooks_dead RENAME TO outgoing_webhooks_dead',
    'FUNCTION refuse_change() RENAME TO reject_change',
  ]) {
    await sql`ALTER ${sql.raw(rename)}`.execute(db)
  }
  await renameConstraints(db)
  await sql`
    CREATE OR REPLACE FUNCTION reject_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% on % is rejected: its rows are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
    END $$`.execute(db)

  await sql`ALTER TABLE deliveries DROP CONSTRAINT deliveries_outcome_check`.execute(db)
  await sql`UPDATE deliveries SET outcome = 'awaiting_verification' WHERE outcome = 'awaiting_confirmation'`.execute(db)
  await sql`
    ALTER TABLE deliveries ADD CONSTRAINT deliveries_outcome_check CHECK (outcome IN
      ('applied', 'progress', 'unchanged', 'stale', 'review', 'parked', 'awaiting_verification'))`.execute(db)
  await sql`UPDATE reviews SET reason = 'rejected_by_database' WHERE reason = 'refused_by_database'`.execute(db)
  await sql`UPDATE deliveries SET reason = 'rejected_by_database' WHERE reason = 'refused_by_database'`.execute(db)
}

/** PostgreSQL names constraints after their table, and keeps the names when the table is renamed. */
async function renameConstraints(db: Kysely<unknown>): Promise<void> {
  await sql`
    DO $$
    DECLARE renamed record;
    BEGIN
      FOR renamed IN
        SELECT conrelid::regclass AS of_table, conname,
          replace(replace(replace(conname, 'confirmations', 'verifications'), 'panel_webhook', 'outgoing_webhook'),
            'answer', 'response') AS new_name
        FROM pg_constraint
        WHERE conrelid IN ('verifications'::regclass, 'outgoing_webhooks'::regclass, 'outgoing_webhook_cursor'::regclass)
      LOOP
        IF renamed.conname <> renamed.new_name THEN
          EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', renamed.of_table, renamed.conname, renamed.new_name);
        END IF;
      END LOOP;
    END $$`.execute(db)
}
