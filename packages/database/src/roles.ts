/**
 * The PostgreSQL roles with each service's privileges. A service logs in as any member of its role and assumes the role at
 * once, so a small installation can use one login and a large one separate logins. The owner is the user that runs the
 * migrations.
 */
export const DATABASE_ROLES = { ingest: 'paxyo_ingest', gateway: 'paxyo_gateway' } as const

export type DatabaseRole = keyof typeof DATABASE_ROLES
