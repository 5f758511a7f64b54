import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Gateways look for events that were committed and not published, because webhook-ingest cannot reach the bus. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT SELECT ON outbox TO ${sql.id(DATABASE_ROLES.gateway)}`.execute(db)
}
