import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Columns that a webhook may change; all others are frozen at registration. */
const GRANTS = {
  ingest: [
    'SELECT, INSERT, UPDATE (balance, last_seq) ON accounts',
    'SELECT, INSERT, UPDATE (status, remains, start_count, refunded, updated_at) ON orders',
    'SELECT, INSERT, UPDATE (outcome, reason) ON deliveries',
    'SELECT, INSERT ON ledger_entries',
    'SELECT, INSERT ON events',
    'SELECT, INSERT, DELETE ON outbox',
    'SELECT, INSERT, UPDATE (resolved_at, resolved_by, resolution) ON reviews',
    'SELECT ON stream_epoch',
  ],
  gateway: ['SELECT ON accounts', 'SELECT ON orders', 'SELECT ON events', 'SELECT ON stream_epoch'],
} as const

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [role, grants] of Object.entries(GRANTS)) {
    const name = DATABASE_ROLES[role as keyof typeof GRANTS]
    await createRole(db, name)
    for (const grant of grants) await sql`GRANT ${sql.raw(grant)} TO ${sql.id(name)}`.execute(db)
  }
}

/**
 * Roles belong to the whole server, so another database may have created this one, perhaps concurrently. The owner
 * becomes a member, so that a small installation can use one login for everything.
 */
async function createRole(db: Kysely<unknown>, name: string): Promise<void> {
  await sql`
    DO ${sql.lit(`BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN
        BEGIN
          CREATE ROLE ${name} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
      END IF;
      -- Not MEMBER: a user that creates a role without being a superuser is a member that cannot SET ROLE to it.
      IF NOT pg_has_role(current_user, '${name}', 'SET') THEN
        GRANT ${name} TO CURRENT_USER;
      END IF;
    END`)}`.execute(db)
}
