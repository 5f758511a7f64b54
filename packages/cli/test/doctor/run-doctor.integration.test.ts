import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import {
  createMigratedData,
  freePort,
  MIGRATED_PASSWORD,
  provideProgram,
  startRedisServer,
  startService,
  stayWithinOneDay,
  type RedisServer,
} from '@paxyo/testkit'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Diagnostic } from '@paxyo/database/diagnostic'
import { NEEDED_RIGHTS } from '../../src/doctor/rights.ts'
import { runDoctor } from '../../src/doctor/run-doctor.ts'
import { startPaxyo } from '../paxyo-process.ts'
import { paxyo } from '../paxyo.ts'

// Its own PostgreSQL: the tests' shared one runs with fsync off, which the doctor must report.

let dir: string
let postgres: LocalPostgres
let redis: RedisServer
let admin: Redis
let owner: pg.Pool
let env: Record<string, string>

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-doctor-'))
  const dataDir = join(dir, 'data')
  await createMigratedData(dataDir)
  ;[postgres, redis] = await Promise.all([
    startLocalPostgres({ dataDir, password: MIGRATED_PASSWORD }),
    startRedisServer(),
  ])
  admin = new Redis(redis.url)
  await useNewDatabase()
})
afterAll(async () => {
  await owner?.end()
  admin.disconnect()
  await Promise.all([postgres.stop(), redis.stop()])
  rmSync(dir, { recursive: true, force: true })
})

/** A healthy setup. */
async function useNewDatabase(): Promise<void> {
  await owner?.end()
  const name = `paxyo_${randomUUID().replaceAll('-', '')}`
  await administer(`CREATE DATABASE ${name} TEMPLATE postgres STRATEGY file_copy`)
  env = { DATABASE_URL: withPath(postgres.url, name), REDIS_URL: redis.url, CHANNEL_PREFIX: `${randomUUID()}:` }
  owner = new pg.Pool({ connectionString: env['DATABASE_URL'], max: 1 })
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

function withPath(url: string, path: string, change: Partial<URL> = {}): string {
  return Object.assign(new URL(url), { pathname: `/${path}`, ...change }).href
}

/** Problems by check. */
async function problemsByCheck(given: Record<string, string> = env): Promise<Record<string, Diagnostic>> {
  const { diagnostics } = await runDoctor(given)
  const problems = diagnostics.filter(({ status }) => status === 'failed' || status === 'warning')
  return Object.fromEntries(problems.map((diagnostic) => [diagnostic.check, diagnostic]))
}

const failedWith = (message: string | RegExp, hint: string | RegExp) =>
  expect.objectContaining({
    check: expect.any(String),
    status: 'failed',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  })

test('a healthy set-up', async () => {
  expect(await problemsByCheck()).toEqual({})
  const { code, stdout } = await paxyo(['doctor'], env)
  expect(stdout).toContain('Healthy, 0 warnings.')
  expect(stdout).toMatch(/ok +pub-sub +a message arrived within \d+ ms/)
  expect(code).toBe(0)
})

test('which refunds wait for a person', async () => {
  const approval = async (given: Record<string, string>): Promise<Diagnostic | undefined> =>
    (await runDoctor({ ...env, ...given })).diagnostics.find(({ check }) => check === 'refund-approval')
  expect(await approval({})).toMatchObject({ status: 'ok', message: expect.stringContaining('without the approval') })
  expect(await approval({ REVIEW_REFUNDS_ABOVE: 'USD:50,EUR:40' })).toMatchObject({
    message: 'refunds wait for a person above 50 USD, 40 EUR; other currencies have no limit',
  })
  expect(await approval({ REVIEW_ALL_REFUNDS: 'on' })).toMatchObject({ message: 'every refund waits for a person' })
  expect(await approval({ REVIEW_REFUNDS_ABOVE: '50' })).toMatchObject({ status: 'failed' })
})

describe('PostgreSQL', () => {
  // Each test breaks it in one place.
  beforeEach(useNewDatabase)
  afterAll(useNewDatabase)

  test('a wrong password, which is not repeated', async () => {
    const { code, stdout } = await paxyo(['doctor'], {
      ...env,
      DATABASE_URL: withPath(env['DATABASE_URL']!, owner.options.database ?? '', { password: 'wrong-password' }),
    })
    expect(stdout).toMatch(/failed +postgres +PostgreSQL rejected the password of "postgres"\n +→ Correct it/)
    expect(stdout).not.toContain('wrong-password')
    expect(code).toBe(1)
  })

  test('a host that is not there, and a port where nobody listens', async () => {
    const url = env['DATABASE_URL']!
    expect(
      await problemsByCheck({ ...env, DATABASE_URL: withPath(url, 'x', { hostname: 'no-such-host.invalid' }) }),
    ).toEqual({
      postgres: failedWith('unknown host no-such-host.invalid', 'Correct the host in DATABASE_URL'),
    })
    const port = String(await freePort())
    expect(await problemsByCheck({ ...env, DATABASE_URL: withPath(url, 'x', { port }) })).toEqual({
      postgres: failedWith(`connection refused at 127.0.0.1:${port}`, 'Start PostgreSQL, or correct host and port'),
    })
  })

  test('a database that is not there', async () => {
    expect(await problemsByCheck({ ...env, DATABASE_URL: withPath(postgres.url, 'payxo') })).toEqual({
      postgres: failedWith('there is no database "payxo"', 'createdb payxo, then paxyo migrate'),
    })
  })

  test("another program's database, and an empty one", async () => {
    const name = `other_${randomUUID().replaceAll('-', '')}`
    await administer(`CREATE DATABASE ${name}`)
    const other = { ...env, DATABASE_URL: withPath(postgres.url, name) }
    expect(await problemsByCheck(other)).toEqual({ migrations: failedWith(`"${name}" is empty`, 'Run paxyo migrate') })

    const client = new pg.Client({ connectionString: other.DATABASE_URL })
    await client.connect()
    await client.query('CREATE TABLE wp_posts (id int)')
    await client.end()
    expect(await problemsByCheck(other)).toEqual({
      migrations: failedWith('belongs to another program: its tables are wp_posts', 'Correct the name'),
    })
  })

  test('an audit log that is not signed any more', async () => {
    const signature = async (): Promise<Diagnostic | undefined> =>
      (await runDoctor(env)).diagnostics.find(({ check }) => check === 'audit-signature')
    expect(await signature()).toMatchObject({ status: 'ok', message: 'the audit log is empty' })
    await owner.query(`INSERT INTO audit_log (actor, actor_name, action, result) VALUES ('a', 'a', 'a', 'ok')`)
    expect(await signature()).toMatchObject({ status: 'skipped' })
    const signed = (days: number) =>
      owner.query(
        `INSERT INTO audit_log_signatures (position, hash, signed_at, public_key, signature)
         VALUES (1, '', now() - $1 * interval '1 day', 'key', '')`,
        [days],
      )
    await signed(3)
    expect(await signature()).toMatchObject({ status: 'warning', message: 'the audit log was signed 72 hours ago' })
    await signed(1)
    expect(await signature()).toMatchObject({ status: 'ok', message: 'the audit log was signed 24 hours ago' })
  })

  test('what scheduled reconciliation found', async () => {
    const reconcile = async (): Promise<Diagnostic | undefined> =>
      (await runDoctor(env)).diagnostics.find(({ check }) => check === 'reconcile')
    expect(await reconcile()).toMatchObject({ status: 'skipped' })

    const addRun = (asked: number, late: number, error: string | null) =>
      owner.query(
        `INSERT INTO reconcile_runs (run_id, started_at, ended_at, asked, changed, late, error)
         VALUES (gen_random_uuid(), clock_timestamp(), clock_timestamp(), $1, $1, $2, $3)`,
        [asked, late, error],
      )
    await addRun(40, 0, null)
    expect(await reconcile()).toMatchObject({ status: 'ok', message: expect.stringMatching(/^0 of 40 silent orders/) })
    await addRun(2, 2, null)
    expect(await reconcile()).toMatchObject({ status: 'warning', message: expect.stringMatching(/^2 of 42 silent/) })
    await addRun(0, 0, 'godofpanel: rejected: (Incorrect API key)')
    expect(await reconcile()).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('Incorrect API key'),
    })
  })

  test('a missing migration', async () => {
    await owner.query(`DELETE FROM kysely_migration WHERE name = '0041-baseline'`)
    expect(await problemsByCheck()).toEqual({ migrations: failedWith('pending: 0041-baseline', 'paxyo migrate') })
  })

  test('a database that a newer version has migrated', async () => {
    await owner.query(`INSERT INTO kysely_migration VALUES ('9999-later', now()::text)`)
    expect(await problemsByCheck()).toMatchObject({
      migrations: { status: 'warning', message: expect.stringContaining('9999-later') },
    })
  })

  test('settings that lose refunds, and one that is slow', async () => {
    const name = new URL(env['DATABASE_URL']!).pathname.slice(1)
    await owner.query(
      `ALTER DATABASE ${name} SET synchronous_commit = off; ALTER DATABASE ${name} SET random_page_cost = 4`,
    )
    expect(await problemsByCheck()).toEqual({
      synchronous_commit: failedWith('a crash loses committed refunds', 'SET synchronous_commit = on'),
      random_page_cost: expect.objectContaining({ status: 'warning', message: expect.stringContaining('4') }),
    })
  })

  test('rights that are missing, and one too many', async () => {
    await owner.query('REVOKE INSERT ON outbox FROM paxyo_ingest; GRANT DELETE ON ledger_entries TO paxyo_ingest')
    expect(await problemsByCheck()).toEqual({
      grants: failedWith(
        'paxyo_ingest may not INSERT outbox; paxyo_ingest may DELETE ledger_entries',
        'GRANT INSERT ON outbox TO paxyo_ingest',
      ),
    })
  })

  test('it knows every right that the migrations grant', async () => {
    const granted = await owner.query(`
      SELECT DISTINCT grantee, table_name, privilege_type
      FROM (SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants
        UNION ALL SELECT grantee, table_name, privilege_type FROM information_schema.role_column_grants) AS grants
      JOIN pg_class ON oid = table_name::text::regclass
      WHERE grantee LIKE 'paxyo%' AND NOT relispartition`)
    const rights = (rows: readonly (readonly string[])[]): string[] => rows.map((row) => row.join(' ')).toSorted()
    const known = NEEDED_RIGHTS.flatMap(([role, table, names]) => names.map((name) => [role, table, name]))
    expect(rights(known)).toEqual(rights(granted.rows.map((row) => Object.values(row as Record<string, string>))))
  })

  test('a login that has none of our roles', async () => {
    await administer(`CREATE ROLE stranger LOGIN PASSWORD 'stranger'`)
    const url = withPath(env['DATABASE_URL']!, new URL(env['DATABASE_URL']!).pathname.slice(1), {
      username: 'stranger',
      password: 'stranger',
    })
    expect(await problemsByCheck({ ...env, DATABASE_URL: url })).toMatchObject({
      migrations: { status: 'warning' },
      roles: failedWith('can assume neither paxyo_ingest nor paxyo_gateway', 'GRANT paxyo_ingest TO'),
    })
  })

  test('a guard that somebody switched off', async () => {
    await owner.query('ALTER TABLE ledger_entries DISABLE TRIGGER append_only')
    expect(await problemsByCheck()).toEqual({
      triggers: failedWith('triggers: append_only of ledger_entries', 'ENABLE TRIGGER append_only'),
    })
  })

  test('no partitions for the days to come', async () => {
    await stayWithinOneDay()
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '_')
    await owner.query(`DROP TABLE events_${tomorrow}`)
    expect(await problemsByCheck()).toMatchObject({
      partitions: { status: 'warning', message: expect.stringContaining('2 of the next 3 days') },
    })
  })

  test('an outbox that nobody empties', async () => {
    await owner.query(`INSERT INTO outbox VALUES (gen_random_uuid(), '{}', '{}', now() - interval '10 minutes')`)
    expect(await problemsByCheck()).toEqual({
      outbox: failedWith('1 batches are not published yet, the oldest for 6\\d\\d s', 'Is webhook-ingest running'),
    })
  })
})

test('a clock that is off by ten minutes', async () => {
  const faketime = provideProgram(['faketime'], 'faketime')
  const { code, stdout } = await startPaxyo(
    ['doctor', '--json'],
    { ...env, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    { under: [faketime, '-f', '+10m'] },
  ).ended
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] }
  const clocks = diagnostics.filter(({ check }) => check.endsWith('-clock'))
  expect(clocks).toEqual([
    failedWith('the local clock is 10 min ahead of that of PostgreSQL', 'NTP'),
    failedWith('the local clock is 10 min ahead of that of Redis', 'NTP'),
  ])
  expect(code).toBe(1)
})

describe('Redis', () => {
  const user = async (...rules: string[]): Promise<Record<string, string>> => {
    const name = `user-${randomUUID()}`
    await admin.acl('SETUSER', name, 'on', '>secret', ...rules)
    return { ...env, REDIS_URL: Object.assign(new URL(redis.url), { username: name, password: 'secret' }).href }
  }

  test('nobody listens', async () => {
    const port = await freePort()
    expect(await problemsByCheck({ ...env, REDIS_URL: `redis://127.0.0.1:${port}` })).toEqual({
      redis: failedWith(`connection refused at 127.0.0.1:${port}: Redis does not listen`, 'REDIS_URL'),
    })
  })

  test('a wrong password', async () => {
    const given = await user('~*', '&*', '+@all')
    const wrong = { ...given, REDIS_URL: given['REDIS_URL']!.replace(':secret@', ':wrong@') }
    expect(await problemsByCheck(wrong)).toEqual({ redis: failedWith('Redis rejected the password', 'REDIS_URL') })
  })

  test('a user who may neither subscribe nor publish, or not on our channels', async () => {
    expect(await problemsByCheck(await user('~*', '&*', '+@all', '-subscribe'))).toEqual({
      'pub-sub': failedWith('may not subscribe', 'ACL SETUSER <user> \\+subscribe'),
    })
    expect(await problemsByCheck(await user('~*', '&*', '+@all', '-publish'))).toEqual({
      'pub-sub': failedWith('may not publish', 'ACL SETUSER <user> \\+publish'),
    })
    expect(await problemsByCheck(await user('~*', 'resetchannels', '&other:*', '+@all'))).toEqual({
      'pub-sub': failedWith('may not subscribe: .*channel', `&${env['CHANNEL_PREFIX']}`),
    })
  })

  test('a user who may do only what the services need is healthy', async () => {
    const rules = ['resetchannels', `&${env['CHANNEL_PREFIX']}*`, '+publish', '+subscribe', '+unsubscribe', '+ping']
    expect(await problemsByCheck(await user(...rules, '+client', '+hello', '+auth'))).toEqual({})
  })
})

describe('providers', () => {
  const write = (providers: readonly object[]): string => {
    const path = join(dir, 'providers.json')
    writeFileSync(path, JSON.stringify(providers))
    return path
  }
  const found = async (given: Record<string, string>): Promise<readonly Diagnostic[]> => {
    const { diagnostics } = await runDoctor({ ...env, ...given })
    return diagnostics.filter(({ check }) => check.startsWith('provider'))
  }

  test('each is listed with its API, its own words and how its webhooks are authenticated', async () => {
    const first = {
      name: 'first',
      webhookTokens: ['a-webhook-token'],
      apiUrl: 'https://first.example/api/v2',
      apiKey: 'hush-hush',
      statusMap: { '5': 'canceled' },
    }
    const diagnostics = await found({ PROVIDERS_FILE: write([first, { name: 'second' }]) })
    expect(diagnostics).toMatchObject([
      {
        check: 'provider-first',
        status: 'ok',
        message: 'format godofpanel; authenticated by tokens; API at https://first.example; "5" is canceled',
      },
      { check: 'provider-second', status: 'warning', message: expect.stringContaining('cannot be authenticated') },
    ])
    expect(JSON.stringify(diagnostics)).not.toMatch(/a-webhook-token|hush-hush/)
  })

  test('every problem of the file is a diagnostic of its own', async () => {
    expect(
      await found({ PROVIDERS_FILE: write([{ name: 'First' }, { name: 'second', apiKey: 'hush-hush' }]) }),
    ).toEqual([
      failedWith(/^PROVIDERS_FILE\[0\].name: must be/, /PROVIDERS_FILE/),
      failedWith(/^PROVIDERS_FILE\[1\]: apiUrl and apiKey belong together$/, /PROVIDERS_FILE/),
    ])
  })
})

describe('configuration and API', () => {
  test('everything that is missing or malformed is named', async () => {
    const { diagnostics } = await runDoctor({ DATABASE_URL: 'mysql://somebody', JWT_SECRETS: 'short' })
    const messages = diagnostics.filter(({ check }) => check === 'configuration').map(({ message }) => message)
    expect(messages).toEqual([
      expect.stringContaining('DATABASE_URL: must be an address that begins with postgres://'),
      'REDIS_URL: is required',
      expect.stringContaining('JWT_SECRETS: must be one or more secrets'),
    ])
  })

  test('an API that is ready, an unknown key, and somebody else at the address', async () => {
    const service = { ...env, PANEL_API_KEYS: 'the-panel-key', WEBHOOK_TOKENS: 'a-webhook-token' }
    await using ingest = await startService('webhook-ingest', service)
    const api = { ...env, PAXYO_URL: ingest.url }
    expect(await problemsByCheck({ ...api, PAXYO_API_KEY: 'the-panel-key' })).toEqual({})
    expect(await problemsByCheck({ ...api, PAXYO_API_KEY: 'another-key' })).toEqual({
      'api-key': failedWith('does not know PAXYO_API_KEY', 'paxyo keys create'),
    })

    const other = createServer((_request, response) => response.writeHead(404).end())
    const port = await freePort()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    try {
      expect(await problemsByCheck({ ...env, PAXYO_URL: `http://127.0.0.1:${port}` })).toEqual({
        api: failedWith('is not webhook-ingest', 'Correct PAXYO_URL'),
      })
    } finally {
      other.close()
    }
  })
})
