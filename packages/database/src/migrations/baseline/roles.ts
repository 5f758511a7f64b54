import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES, PRIVILEGE_TO_SET_ROLE } from '../../roles.ts'

export async function createRoles(db: Kysely<unknown>): Promise<void> {
  for (const name of Object.values(DATABASE_ROLES)) await createRole(db, name)
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
      IF NOT pg_has_role(current_user, '${name}', ${PRIVILEGE_TO_SET_ROLE}) THEN
        GRANT ${name} TO CURRENT_USER;
      END IF;
    END`)}`.execute(db)
}
