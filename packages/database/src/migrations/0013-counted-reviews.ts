import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** A review for the same order and reason that is still open is counted up, not opened again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE reviews
      ADD count integer NOT NULL DEFAULT 1 CHECK (count > 0),
      -- When it was counted up; null when it was opened once.
      ADD last_at timestamptz`.execute(db)
  await sql`GRANT UPDATE (count, last_at) ON reviews TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
