import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** A delivery is verified again, from the beginning, when another order gets its provider order. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT UPDATE (created_at) ON verifications TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
