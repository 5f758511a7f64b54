import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Owners create API keys in the console. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT INSERT ON api_keys TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
