import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** For the removal of bodies before their deliveries, and so that a missing maintenance is noticed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`SELECT quote_ident(current_schema()) AS schema`.execute(db)
  await sql.raw(statements(rows[0]!.schema)).execute(db)
}

const statements = (schema: string): string => `
  -- Of a day that is being copied: rows that must be copied again.
  CREATE TABLE changed_deliveries (
    delivery_id text NOT NULL,
    received_at timestamptz NOT NULL
  );
  CREATE FUNCTION note_changed_delivery() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
    BEGIN
      INSERT INTO changed_deliveries VALUES (NEW.delivery_id, NEW.received_at);
      RETURN NULL;
    END $$;
  REVOKE ALL ON FUNCTION note_changed_delivery() FROM PUBLIC;

  -- Complete runs of the daily maintenance.
  CREATE TABLE maintenance_runs (
    finished_at timestamptz PRIMARY KEY
  );
  GRANT SELECT ON maintenance_runs TO ${DATABASE_ROLES.ingest}`
