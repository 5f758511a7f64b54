import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createPool, migrateToLatest } from '@paxyo/database'
import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import { chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { completeSecrets, rotate, type SecretFiles } from '../src/index.ts'

// A PostgreSQL with the same files as in docker compose.

const POSTGRES_FILES = new URL('../../compose/postgres/', import.meta.url)
const PERMISSION_DENIED = '42501'

let folder: string
let server: LocalPostgres
let secrets: SecretFiles

beforeAll(async () => {
  secrets = await completeSecrets({}, ['localhost'], new Date())
  folder = await mkdtemp(join(tmpdir(), 'paxyo-privilege-'))
  const dataDir = join(folder, 'data')
  const password = secrets['postgres-superuser-password']!
  await (await startLocalPostgres({ dataDir, password })).stop()
  await copyFile(new URL('pg_hba.conf', POSTGRES_FILES), join(dataDir, 'compose_hba.conf'))
  await writeFile(join(dataDir, 'server.crt'), secrets['postgres.crt']!)
  await writeFile(join(dataDir, 'server.key'), secrets['postgres.key']!, { mode: 0o600 })
  const { uid, gid } = await stat(dataDir)
  for (const name of ['server.crt', 'server.key', 'compose_hba.conf']) await chown(join(dataDir, name), uid, gid)
  server = await startLocalPostgres({
    dataDir,
    password,
    settings: {
      fsync: 'off',
      ssl: 'on',
      ssl_cert_file: 'server.crt',
      ssl_key_file: 'server.key',
      hba_file: join(dataDir, 'compose_hba.conf'),
      unix_socket_directories: dataDir,
    },
  })
  await writeFile(join(folder, 'ca.crt'), secrets['ca.crt']!)
  await asSuperuser('CREATE DATABASE paxyo', 'postgres')
  await applyLogins(secrets)
  await migrateToLatest(urlOf('owner'))
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

/** Does the same as apply-logins.sh. */
async function applyLogins(files: SecretFiles, retire: 'on' | 'off' = 'off'): Promise<void> {
  const settings = ['owner', 'ingest', 'gateway'].flatMap((service) => {
    const [login, password] = files[`postgres-${service}-login`]!.split(':')
    return [`-c paxyo.${service}_login=${login}`, `-c paxyo.${service}_password=${password}`]
  })
  const options = [`-c paxyo.retire=${retire}`, ...settings].join(' ')
  await asSuperuser(await readFile(new URL('logins.sql', POSTGRES_FILES), 'utf8'), 'paxyo', options)
}

async function asSuperuser(sql: string, database = 'paxyo', options = ''): Promise<pg.QueryResult> {
  const client = new pg.Client({
    host: join(folder, 'data'),
    port: Number(new URL(server.url).port),
    user: 'postgres',
    password: secrets['postgres-superuser-password']!,
    database,
    options,
  })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

type Service = 'owner' | 'ingest' | 'gateway'

/** A secret's address, on this server instead of compose's, with the same verification. */
function urlOf(service: Service, files = secrets, database = 'paxyo'): string {
  const url = new URL(files[`database-url-${service}`]!)
  url.host = `localhost:${new URL(server.url).port}`
  url.pathname = database
  url.searchParams.set('sslrootcert', join(folder, 'ca.crt'))
  return url.href
}

/** @returns the error's code, or `done`. */
async function attempt(url: string, sql: string, options = ''): Promise<string> {
  const client = new pg.Client({ connectionString: url, options })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(sql)
    return 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  } finally {
    await client.end()
  }
}

describe('who gets in', () => {
  test('every login, with its password and over TLS', async () => {
    for (const service of ['owner', 'ingest', 'gateway'] as const) {
      expect(await attempt(urlOf(service), 'SELECT 1')).toBe('done')
    }
  })

  test.each(['owner', 'ingest', 'gateway'] as const)('not %s without TLS', async (service) => {
    const url = new URL(urlOf(service))
    url.search = 'sslmode=disable'

    expect(await attempt(url.href, 'SELECT 1')).toBe('28000')
  })

  test('not with another password, not the superuser over the network, not into another database', async () => {
    const wrong = new URL(urlOf('gateway'))
    wrong.password = 'wrong'
    const superuser = new URL(urlOf('gateway'))
    superuser.username = 'postgres'
    superuser.password = secrets['postgres-superuser-password']!

    expect(await attempt(wrong.href, 'SELECT 1')).toBe('28P01')
    expect(await attempt(superuser.href, 'SELECT 1')).toBe('28000')
    expect(await attempt(urlOf('gateway', secrets, 'postgres'), 'SELECT 1')).toBe('28000')
  })

  test('a login is connected to a server of our authority only', async () => {
    const other = await completeSecrets({}, ['localhost'], new Date())
    const url = new URL(urlOf('gateway'))
    const file = join(folder, 'other-ca.crt')
    await writeFile(file, other['ca.crt']!)
    url.searchParams.set('sslrootcert', file)

    expect(await attempt(url.href, 'SELECT 1')).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY/)
  })
})

describe('what a login may do', () => {
  const tables = ['accounts', 'orders', 'deliveries', 'ledger_entries', 'events', 'outbox', 'reviews', 'stream_epoch']

  test.each(['ingest', 'gateway'] as const)('%s: nothing before it takes its role on', async (service) => {
    for (const table of tables) {
      expect([table, await attempt(urlOf(service), `SELECT FROM ${table}`)]).toEqual([table, PERMISSION_DENIED])
    }
  })

  test('with its role on, what the service does', async () => {
    for (const role of ['ingest', 'gateway'] as const) {
      const pool = createPool({ url: urlOf(role), role, name: 'test', max: 1 })
      expect((await pool.query('SELECT current_user')).rows).toEqual([{ current_user: `paxyo_${role}` }])
      expect((await pool.query('SELECT FROM orders')).rowCount).toBe(0)
      await pool.end()
    }
  })

  test.each([
    ['gateway', 'SET ROLE paxyo_ingest'],
    ['gateway', 'SET ROLE paxyo_owner'],
    ['gateway', 'SET ROLE postgres'],
    ['ingest', 'SET ROLE paxyo_gateway'],
    ['ingest', 'SET ROLE paxyo_owner'],
    ['owner', 'SET ROLE postgres'],
    ['owner', 'CREATE ROLE another LOGIN'],
    ['owner', 'CREATE DATABASE another'],
    ['owner', `COPY orders TO PROGRAM 'cat'`],
  ] as const)('not %s: %s', async (service, sql) => {
    expect(await attempt(urlOf(service), sql)).toBe(PERMISSION_DENIED)
  })

  test.each([
    ['gateway', `UPDATE accounts SET balance = 1000`],
    ['gateway', `INSERT INTO events VALUES ('user-1', 1, now(), '{}')`],
    ['gateway', `SELECT FROM ledger_entries`],
    ['gateway', `CREATE TEMPORARY TABLE mine (a int)`],
    ['ingest', `UPDATE ledger_entries SET amount = 1000`],
    ['ingest', `DELETE FROM ledger_entries`],
    ['ingest', `UPDATE orders SET charge = 1000`],
    ['ingest', `CREATE TABLE mine (a int)`],
    ['ingest', `CREATE TEMPORARY TABLE mine (a int)`],
  ] as const)('not %s, with its role on: %s', async (service, sql) => {
    expect(await attempt(urlOf(service), sql, `-c role=paxyo_${service}`)).toBe(PERMISSION_DENIED)
  })

  test('all tables belong to the owner, whose logins come and go', async () => {
    const { rows } = await asSuperuser(
      `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
    )
    expect(rows).toEqual([{ owner: 'paxyo_owner' }])
  })
})

test('a rotated login: both work, until the old one is retired and cut off', async () => {
  let rotated = secrets
  for (const service of ['owner', 'ingest', 'gateway']) rotated = rotate(rotated, `postgres-${service}-login`)
  rotated = await completeSecrets(rotated, ['localhost'], new Date())

  await applyLogins(rotated)
  for (const service of ['owner', 'ingest', 'gateway'] as const) {
    expect(await attempt(urlOf(service), 'SELECT 1')).toBe('done')
    expect(await attempt(urlOf(service, rotated), `SET ROLE paxyo_${service}`)).toBe('done')
  }

  const connected = new pg.Client({ connectionString: urlOf('gateway') })
  const cutOff = new Promise((resolve) => connected.on('error', resolve))
  await connected.connect()
  await applyLogins(rotated, 'on')
  await cutOff
  await connected.end()
  for (const service of ['owner', 'ingest', 'gateway'] as const) {
    expect(await attempt(urlOf(service), 'SELECT 1')).toBe('28P01')
    expect(await attempt(urlOf(service, rotated), `SET ROLE paxyo_${service}`)).toBe('done')
  }
  await migrateToLatest(urlOf('owner', rotated))
})
