/**
 * What each service may do, as PostgreSQL roles that the first migration creates. A service logs in as any user that is
 * a member of its role and takes the role on at once, so that one login can serve a small installation and separate
 * logins a large one. The owner is whoever runs the migrations.
 */
export const DATABASE_ROLES = { ingest: 'paxyo_ingest', gateway: 'paxyo_gateway' } as const

export type DatabaseRole = keyof typeof DATABASE_ROLES
