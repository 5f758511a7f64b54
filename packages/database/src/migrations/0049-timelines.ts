import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/**
 * The WAL timeline that the epoch belongs to, and whether commits waited for a standby on it. After a promotion the
 * timeline is another one; if commits had not waited, some may be lost, and the epoch is renewed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE stream_epoch ADD timeline integer, ADD is_synchronous boolean`.execute(db)
  await sql`
    GRANT UPDATE (epoch, timeline, is_synchronous) ON stream_epoch TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
