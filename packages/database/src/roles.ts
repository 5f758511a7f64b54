/**
 * The PostgreSQL roles with each service's privileges. A service logs in as any member of its role and assumes the role at
 * once, so a small installation can use one login and a large one separate logins. The owner is the user that runs the
 * migrations.
 */
export const DATABASE_ROLES = { ingest: 'paxyo_ingest', gateway: 'paxyo_gateway' } as const

export type DatabaseRole = keyof typeof DATABASE_ROLES

/**
 * SQL: the privilege with which a login can SET ROLE. Since PostgreSQL 16, a user that creates a role without being a
 * superuser is a member that cannot; before, every member could, and the privilege SET had no name.
 */
export const PRIVILEGE_TO_SET_ROLE =
  "CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END"

/** The oldest major version of PostgreSQL that is supported. */
export const POSTGRES_VERSION_MIN = 15
