export { startLocalPostgres, type LocalPostgres, type LocalPostgresOptions } from './local-postgres.ts'
export { unprivilegedUser, type OsUser } from './run-as.ts'
