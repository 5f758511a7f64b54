import { randomBytes } from 'node:crypto'
import { makeAuthority, makeServerCertificate } from './certificates.ts'
import { redisAclFile } from './redis-acl.ts'

/** Contents by file name. */
export type SecretFiles = Readonly<Record<string, string>>

const PASSWORD_BYTES = 32
/** Long, because these keys never leave the machine, and an unnoticed expiry would stop the services. */
const INTERNAL_DAYS = 3650
/** The longest validity that browsers accept. */
const SITE_DAYS = 397
const CHANNEL_PREFIX = 'paxyo:'

/** Characters that mean nothing to a URL, a shell, a list or an ACL file. */
const newPassword = (): string => randomBytes(PASSWORD_BYTES).toString('base64url')

/** Lists whose first value is used and whose values are all accepted, with the function that creates a value. */
const LISTS: Readonly<Record<string, () => string>> = {
  'jwt-secrets': newPassword,
  'webhook-tokens': newPassword,
  'webhook-secrets': () => `whsec_${randomBytes(PASSWORD_BYTES).toString('base64')}`,
  'panel-api-keys': newPassword,
  'redis-ingest-passwords': newPassword,
  'redis-gateway-passwords': newPassword,
  'redis-message-keys': newPassword,
  'audit-signing-keys': newPassword,
}

const SINGLE = [
  'postgres-superuser-password',
  // Of the standbys and of pg_rewind, where there are several PostgreSQL servers.
  'postgres-replication-password',
  'redis-operator-password',
  'grafana-admin-password',
  'demo-provider-key',
] as const
/** Secrets from other parties; an empty one counts as none. */
const GIVEN = [
  'provider-api-key',
  'outgoing-webhook-secrets',
  'archive-s3-access-key-id',
  'archive-s3-secret-access-key',
] as const
/** Each `name:password`. A new one has a new name, so that both work during a rotation. */
const LOGINS = ['owner', 'ingest', 'gateway'] as const
const loginFile = (service: string): string => `postgres-${service}-login`
/** Servers with a certificate, and its names besides theirs: there may be three PostgreSQL servers. */
const SERVERS: Readonly<Record<string, readonly string[]>> = {
  postgres: ['postgres-one', 'postgres-two', 'postgres-three'],
  redis: [],
}

/** The secrets that can be rotated. */
export const ROTATABLE: readonly string[] = [...Object.keys(LISTS), ...LOGINS.map(loginFile)]

/**
 * Completes a set of secrets: it keeps existing ones, generates missing ones, and updates those that follow from others
 * (addresses, the ACL file).
 *
 * @param hosts the names of this machine for browsers; used when there is no certificate yet.
 */
export async function completeSecrets(
  present: SecretFiles,
  hosts: readonly [string, ...string[]],
  now: Date,
): Promise<SecretFiles> {
  const files: Record<string, string> = { ...present }
  for (const name of SINGLE) files[name] ??= newPassword()
  for (const name of GIVEN) files[name] ??= ''
  for (const [name, make] of Object.entries(LISTS)) files[name] ??= make()
  for (const service of LOGINS) files[loginFile(service)] ??= newLogin(service, undefined)
  return { ...files, ...(await completeCertificates(files, hosts, now)), ...derive(files) }
}

async function completeCertificates(
  files: SecretFiles,
  hosts: readonly [string, ...string[]],
  now: Date,
): Promise<SecretFiles> {
  const made: Record<string, string> = {}
  let authority = { certificate: files['ca.crt'] ?? '', key: files['ca.key'] ?? '' }
  const isNew = authority.certificate === '' || authority.key === ''
  if (isNew) authority = await makeAuthority('Paxyo Realtime', now, INTERNAL_DAYS)
  made['ca.crt'] = authority.certificate
  made['ca.key'] = authority.key
  for (const [server, others] of Object.entries(SERVERS)) {
    if (!isNew && files[`${server}.crt`] !== undefined && files[`${server}.key`] !== undefined) continue
    const names = [server, 'localhost', '127.0.0.1', ...others] as const
    const { certificate, key } = await makeServerCertificate(authority, names, now, INTERNAL_DAYS)
    made[`${server}.crt`] = certificate
    made[`${server}.key`] = key
  }
  // Any other certificate in the folder is the real one; HAProxy would offer both.
  if (!Object.keys(files).some((name) => name.startsWith('tls/') && name.endsWith('.pem'))) {
    const { certificate, key } = await makeServerCertificate(authority, hosts, now, SITE_DAYS)
    made['tls/site.pem'] = certificate + key
  }
  return made
}

/** The files that follow from the secrets. */
function derive(files: SecretFiles): SecretFiles {
  const derived: Record<string, string> = {}
  for (const service of LOGINS) {
    derived[`database-url-${service}`] =
      `postgres://${files[loginFile(service)]}@postgres:5432/paxyo?sslmode=verify-full`
  }
  // Where HAProxy leads to the standbys of three PostgreSQL.
  derived['database-read-url'] = derived['database-url-gateway']!.replace('@postgres:5432/', '@postgres:5433/')
  for (const service of ['ingest', 'gateway'] as const) {
    derived[`redis-url-${service}`] =
      `rediss://${service}:${valuesOf(files[`redis-${service}-passwords`]!)[0]}@redis:6379`
  }
  derived['redis-users.acl'] = redisAclFile(
    {
      ingest: valuesOf(files['redis-ingest-passwords']!),
      gateway: valuesOf(files['redis-gateway-passwords']!),
      operator: [files['redis-operator-password']!],
    },
    CHANNEL_PREFIX,
  )
  return derived
}

/** Adds a new value to the old ones, which stay valid. */
export function rotate(present: SecretFiles, name: string): SecretFiles {
  const old = required(present, name)
  const make = LISTS[name]
  const service = LOGINS.find((candidate) => loginFile(candidate) === name)
  const value = make !== undefined ? `${make()},${old}` : newLogin(service!, old)
  return { ...present, [name]: value }
}

/** Reduces a list to its newest value. `apply-logins.sh --retire` retires the logins of PostgreSQL. */
export function retire(present: SecretFiles, name: string): SecretFiles {
  return { ...present, [name]: valuesOf(required(present, name))[0]! }
}

function required(present: SecretFiles, name: string): string {
  const value = present[name]
  if (value === undefined || !ROTATABLE.includes(name)) {
    throw new Error(`${name} cannot be rotated; available: ${ROTATABLE.join(', ')}`)
  }
  return value
}

const valuesOf = (list: string): string[] => list.split(',')

function newLogin(service: string, old: string | undefined): string {
  const generation = old === undefined ? 1 : Number(/_(\d+):/.exec(old)?.[1] ?? 0) + 1
  return `paxyo_${service}_${generation}:${newPassword()}`
}
