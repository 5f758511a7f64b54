import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** A waiting delivery keeps its parsed update, which is applied without parsing the body again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE deliveries ADD waiting_update text`.execute(db)
  await sql`GRANT UPDATE (waiting_update) ON deliveries TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
