import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** A delivery that waits keeps what was read from it, so that it is applied as that and not parsed again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE deliveries ADD waiting_update text`.execute(db)
  await sql`GRANT UPDATE (waiting_update) ON deliveries TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
