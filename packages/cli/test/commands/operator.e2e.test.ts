import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { heartbeatChannel, userChannel } from '@paxyo/contracts'
import { MIGRATION_NAMES } from '@paxyo/database'
import {
  createTestDatabase,
  eventually,
  freePort,
  sharedRedisUrl,
  startRedisServer,
  startService,
  TEST_JWT_SECRET,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { Redis } from 'ioredis'
import { jwtVerify } from 'jose'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { startPaxyo } from '../paxyo-process.ts'
import { paxyo } from '../paxyo.ts'

// One system, and the commands of its operator.

let database: TestDatabase
let ingest: ServiceProcess
let env: Record<string, string>
beforeAll(async () => {
  database = await createTestDatabase()
  env = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
  }
  ingest = await startService('webhook-ingest', { ...env, WEBHOOK_TOKENS: 'a-webhook-token' })
})
afterAll(async () => {
  await ingest.end('SIGKILL')
  await database[Symbol.asyncDispose]()
})

const post = (path: string, body: object, key = ''): Promise<Response> =>
  fetch(`${ingest.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(body),
  })
const webhook = (body: object): Promise<Response> => post('/webhooks/godofpanel/a-webhook-token', body)

let key: string
async function register(change: object): Promise<void> {
  const order = {
    orderId: 'A-1',
    providerOrderId: '12345',
    userId: 'user-1',
    service: 'Instagram followers',
    link: 'https://me:secret@instagram.com/somebody?token=secret#secret',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
    ...change,
  }
  const response = await post('/v1/orders', order, key)
  if (!response.ok) throw new Error(await response.text())
}

describe('keys', () => {
  test('a key is made, works, is listed without its secret, and is revoked', async () => {
    const made = await paxyo(['keys', 'create', 'shop server', '--scope', 'read', '--scope', 'orders:write'], env)
    expect(made.stdout).toMatch(/^pxk_[0-9a-f]{12}_[\w-]{43}\n$/)
    key = made.stdout.trim()
    await register({})

    const listed = await paxyo(['keys', 'list'], env)
    expect(listed.stdout).toMatch(/pxk_[0-9a-f]{12} +shop server +read orders:write +\S+ +(?:never|\S+Z) +active/)
    expect(listed.stdout).not.toContain(key)

    const other = (await paxyo(['keys', 'create', 'other', '--scope', 'orders:write', '--json'], env)).json() as {
      key: string
      keyId: string
    }
    expect((await paxyo(['keys', 'revoke', other.keyId], env)).stdout).toBe(`${other.keyId} is revoked.\n`)
    await eventually(async () => (await post('/v1/orders', {}, other.key)).status === 401)
    const again = await paxyo(['keys', 'revoke', other.keyId], env)
    expect([again.code, again.stderr]).toEqual([4, 'paxyo: no such active key\n'])
  })
})

describe('orders show', () => {
  test("where is its refund? By the panel's id and by the provider's", async () => {
    await register({ orderId: 'A-2', providerOrderId: '22222' })
    await webhook({ order_id: '22222', status: 'Partial', remains: 300 })
    for (const id of ['A-2', '22222']) {
      const { code, stdout } = await paxyo(['orders', 'show', id], env)
      expect(stdout).toMatch(/^Order A-2: 0\.75 of 2\.5 USD was refunded to user-1 on \d{4}-\S+Z\./)
      expect(stdout).toMatch(/partial \(300 of 1000 remain\)/)
      expect(stdout).toMatch(/balance +kept by the panel/)
      expect(stdout).toMatch(/Refunds \(1\)\n {2}\S+Z {2}0\.75 {2}balance 0\.75 /)
      expect(stdout).toMatch(/Deliveries \(1\)\n {2}\S+Z {2}applied {2}\{.*"Partial"/)
      expect(stdout).toMatch(/Events \(2\)\n.*order\.registered.*\n.*seq \d+ +order\.updated +partial/)
      expect(stdout.split('\n').length).toBeLessThan(24)
      expect(code).toBe(0)
    }
  })

  test('an event that nobody publishes is said to wait, one that was just published is not', async () => {
    await using alone = await createTestDatabase()
    const show = async (): Promise<string> =>
      (await paxyo(['orders', 'show', 'A-1'], { DATABASE_URL: alone.url })).stdout
    await alone.owner.query(`
      INSERT INTO accounts (user_id, currency, last_seq) VALUES ('ann', 'USD', 1);
      INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
        VALUES ('A-1', 'godofpanel', '1', 'ann', '', '', 1, 1);
      INSERT INTO events (user_id, seq, at, payload) VALUES
        ('ann', 1, now(), '{"event":"order.registered","order":{"orderId":"A-1","status":"pending"}}');
      INSERT INTO outbox (batch_id, created_at, user_ids, seqs)
        VALUES (gen_random_uuid(), now(), '{ann}', '{1}')`)
    expect(await show()).toMatch(/order\.registered +pending +published/)
    await alone.owner.query(`UPDATE outbox SET created_at = now() - interval '1 minute'`)
    expect(await show()).toMatch(/order\.registered +pending +in the outbox/)
  })

  test('why there is none', async () => {
    const statusOf = async (id: string): Promise<string> => {
      const shown = await paxyo(['orders', 'show', id, '--json'], env)
      return (shown.json() as { order: { refundStatus: string } }).order.refundStatus
    }
    await register({ orderId: 'A-3', providerOrderId: '33333' })
    expect(await statusOf('A-3')).toBe('Nothing was refunded: the provider has not sent an update yet.')
    await webhook({ order_id: '33333', status: 'In progress' })
    expect(await statusOf('A-3')).toBe('Nothing was refunded: the provider has not finished the order (in_progress).')
    await webhook({ order_id: '33333', status: 'Partial' })
    expect(await statusOf('A-3')).toMatch(/a person must decide first \(review \S+, remains_missing\)/)
    await register({ orderId: 'A-4', providerOrderId: '44444' })
    await webhook({ order_id: '44444', status: 'Completed' })
    expect(await statusOf('A-4')).toBe('Nothing was refunded: the provider reports that it delivered everything.')
  })

  test('an order that the panel has not registered, and one that nobody knows', async () => {
    await webhook({ order_id: '55555', status: 'Canceled' })
    const parked = await paxyo(['orders', 'show', '55555'], env)
    expect(parked.stdout).toMatch(/^Order 55555 is not registered\. .*\n {2}\S+Z {2}parked {2}\{/)
    expect(parked.code).toBe(4)
    const unknown = await paxyo(['orders', 'show', 'unknown'], env)
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('unknown order unknown')])
  })

  test("an id of two orders is the panel's, unless a provider is named; one of two providers is not guessed", async () => {
    await register({ orderId: '66666', providerOrderId: '77777' })
    await register({ orderId: 'A-6', providerOrderId: '66666' })
    const show = (...args: string[]) => paxyo(['orders', 'show', ...args, '--json'], env)
    const orderId = async (...args: string[]): Promise<string> =>
      ((await show(...args)).json() as { order: { order: { orderId: string } } }).order.order.orderId
    expect(await orderId('66666')).toBe('66666')
    expect(await orderId('66666', '--provider', 'godofpanel')).toBe('A-6')
    expect((await show('66666', '--provider', 'second-panel')).code).toBe(4)

    await database.owner.query(`
      INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
      VALUES ('other', 'second-panel', '77777', '{}', 'parked', now())`)
    const ambiguous = await paxyo(['orders', 'show', '77777'], env)
    expect([ambiguous.code, ambiguous.stderr]).toEqual([
      2,
      'paxyo: the id 77777 belongs to several providers: add --provider with one of godofpanel, second-panel\n',
    ])
    expect(await orderId('77777', '--provider', 'godofpanel')).toBe('66666')
    expect((await show('77777', '--provider', 'second-panel')).json()).toMatchObject({
      order: null,
      waiting: [{ deliveryId: 'other' }],
    })
  })

  test('an order that is bought later, and sent again: its provider orders and all their deliveries', async () => {
    const api = { ...env, PAXYO_URL: ingest.url, PAXYO_API_KEY: key }
    const attach = (...args: string[]) => paxyo(['orders', 'attach', ...args], api)
    await register({ orderId: 'L-8', providerOrderId: null })
    expect((await paxyo(['orders', 'show', 'L-8'], env)).stdout).toMatch(
      /^Order L-8: Nothing was refunded: the order has no provider order yet\.[^]*at provider +none yet/,
    )
    await webhook({ order_id: '80001', status: 'In progress' })
    expect((await attach('L-8', '80001')).stdout).toBe(
      'Order L-8 is order 80001 of godofpanel, and in_progress.\nDeliveries that had been waiting for it: 1.\n',
    )
    expect((await attach('L-8', '80002', '--provider', 'godofpanel', '--key', 'again-1')).stdout).toBe(
      'Order L-8 is order 80002 of godofpanel, and pending.\nUpdates of order 80001 of godofpanel have no effect from now on.\n',
    )
    await webhook({ order_id: '80001', status: 'Canceled' })
    for (const id of ['L-8', '80001', '80002']) {
      const { stdout } = await paxyo(['orders', 'show', id], env)
      expect(stdout).toMatch(/^Order L-8: /)
      expect(stdout).toMatch(/at provider +godofpanel 80002\n/)
      expect(stdout).toMatch(/\nuntil \S+Z at provider godofpanel 80001\n/)
      expect(stdout).toMatch(/Deliveries \(2\)\n {2}\S+Z {2}applied .*\n {2}\S+Z {2}superseded {2}\{.*Canceled/)
    }
    const taken = await attach('A-1', '80002')
    expect([taken.code, taken.stderr]).toEqual([5, expect.stringContaining('already belongs to another order')])
  })

  test('what a terminal would obey is taken out', async () => {
    await database.owner.query(`UPDATE orders SET service = E'red\\u001b[31m\\u202Eevil' WHERE order_id = 'A-4'`)
    expect((await paxyo(['orders', 'show', 'A-4'], env)).stdout).toContain('service  red�[31m�evil')
  })
})

describe('tail', () => {
  test("one user's events, and everybody's; without what a link carries", async () => {
    const all = startPaxyo(['tail', '--json'], env)
    const one = startPaxyo(['tail', '--user', 'user-8'], env)
    await eventually(() => all.stderr() !== '' && one.stderr() === 'following user-8\n')
    await register({ orderId: 'A-8', providerOrderId: '88888', userId: 'user-8' })
    await register({ orderId: 'A-9', providerOrderId: '99999', userId: 'user-9' })
    await webhook({ order_id: '88888', status: 'Canceled' })
    await eventually(() => one.stdout().split('\n').length === 3 && all.stdout().split('\n').length === 4)
    for (const { child } of [all, one]) child.kill('SIGINT')

    expect((await one.ended).stdout).toMatch(
      /^\S+Z {2}user-8 {2}seq 1 {2}order.registered {2}A-8 pending\n\S+Z {2}user-8 {2}seq 2 {2}order.updated {2}A-8 canceled {2}refund 2.5 USD\n$/,
    )
    const { code, stdout } = await all.ended
    expect(code).toBe(0)
    expect(stdout).not.toContain('secret')
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { userId: string; seq: number })
    expect(events.map(({ userId, seq }) => [userId, seq])).toEqual(
      expect.arrayContaining([
        ['user-8', 1],
        ['user-8', 2],
        ['user-9', 1],
      ]),
    )
  })

  test('probes and what is no event are not shown; a Redis that goes away ends it', async () => {
    const redis = await startRedisServer()
    const running = startPaxyo(['tail'], { REDIS_URL: redis.url, CHANNEL_PREFIX: 'a.b:' })
    await eventually(() => running.stderr() !== '')
    const publisher = new Redis(redis.url)
    publisher.on('error', () => undefined)
    const event = {
      type: 'event',
      seq: 1,
      event: 'account.updated',
      at: '2026-11-22T18:00:00.000Z',
      account: { balance: '1', currency: 'USD' },
    }
    await publisher.publish(`a.b:${heartbeatChannel('gateway')}`, JSON.stringify(event))
    await publisher.publish(`a.b:${userChannel('user-1')}`, 'no event')
    await publisher.publish(`another:${userChannel('user-1')}`, JSON.stringify(event))
    await publisher.publish(`a.b:${userChannel('a:user')}`, JSON.stringify(event))
    await eventually(() => running.stdout() !== '')
    publisher.disconnect()
    await redis.stop()
    const { code, stdout, stderr } = await running.ended
    expect(stdout).toBe('2026-11-22T18:00:00.000Z  a:user  seq 1  account.updated  balance 1 USD\n')
    expect(stderr).toContain('the connection was lost')
    expect(code).toBe(3)
  })
})

describe('token mint', () => {
  test('a token that the gateway takes, for as long as it is asked for', async () => {
    const { stdout } = await paxyo(['token', 'mint', '--user', 'user-1', '--expires-in', '2h'], {
      ...env,
      JWT_SECRETS: `${TEST_JWT_SECRET},an-older-secret-that-is-rotated-out`,
    })
    const { payload } = await jwtVerify(stdout.trim(), new TextEncoder().encode(TEST_JWT_SECRET), { audience: 'paxyo' })
    expect(payload).toMatchObject({ sub: 'user-1' })
    expect(payload.exp! - payload.iat!).toBe(7_200)
  })

  test('not for longer than a day, and not without a secret', async () => {
    expect((await paxyo(['token', 'mint', '--user', 'x', '--expires-in', '25h'], env)).stderr).toContain(
      'at most a day',
    )
    expect((await paxyo(['token', 'mint', '--user', 'x'])).stderr).toContain('JWT_SECRETS')
  })
})

describe('migrate and maintain', () => {
  test('say what they did', async () => {
    expect((await paxyo(['migrate'], env)).stdout).toBe('The database is up to date.\n')
    expect((await paxyo(['migrate', '--json'], env)).json()).toEqual({ migrated: [] })
    const maintained = await paxyo(['maintain', '--recount-totals'], { ...env, EVENT_RETENTION_DAYS: '3' })
    expect(maintained.stdout).toMatch(
      /^Partitions created: .*; dropped: none\.\nPartitions kept, because deliveries of theirs are not decided: none\.\nDays without the bodies of their deliveries: none; single bodies deleted: 0\.\nExpired verifications and ids of deliveries deleted: 0\.\nExpired idempotency keys deleted: 0\.\nExpired rejected requests deleted: 0\.\nDelivered outgoing webhooks deleted: 0\.\nExpired receipts and revocations deleted: 0\.\nExpired calls of the audit log deleted: 0\.\nAccounts whose totals were corrected: \d+\.\nProvider orders without a registered order, put up for review: 0\.\n$/,
    )
  })

  test('maintain signs the audit log, which audit verifies with the public key alone', async () => {
    const secret = 'b3f1c7d92a8e4056f1d3b7a9c2e48d60'
    await paxyo(['keys', 'create', '--name', 'signed'], env)
    const [, head] = /Audit log signed: (\d+:[0-9a-f]{64})\.\n/.exec(
      (await paxyo(['maintain'], { ...env, AUDIT_SIGNING_KEYS: `${secret},an-older-secret-that-is-rotated-out` }))
        .stdout,
    )!
    const [publicKey] = (await paxyo(['audit-log', 'public-key'], { AUDIT_SIGNING_KEYS: secret })).stdout.split('\n')
    const { stdout } = await paxyo(['audit-log', 'signatures'], env)
    expect(stdout).toMatch(new RegExp(`^\\S+Z ${head} ${publicKey}\\n$`))
    const signature = (await paxyo(['audit-log', 'signatures', '--json'], env)).json()
    expect(signature).toMatchObject({ publicKey, signature: expect.stringMatching(/^[\w-]{86}$/) })

    const audited = async (given: Record<string, string>): Promise<unknown> =>
      (
        (await paxyo(['audit', '--json'], { ...env, ...given })).json() as {
          auditLog: { signatures: number; problems: string[] }
        }
      ).auditLog
    expect(await audited({ AUDIT_PUBLIC_KEYS: publicKey! })).toMatchObject({ signatures: 1, problems: [] })
    expect(await audited({ AUDIT_SIGNING_KEYS: 'another-secret-that-signed-nothing' })).toMatchObject({
      problems: [expect.stringContaining(`its key ${publicKey} is not known`)],
    })
  })

  test('a new database is migrated', async () => {
    const name = `paxyo_cli_${randomUUID().replaceAll('-', '')}`
    await database.owner.query(`CREATE DATABASE ${name}`)
    try {
      const url = Object.assign(new URL(database.url), { pathname: `/${name}` }).href
      const first = await paxyo(['migrate', '--json'], { DATABASE_URL: url })
      expect(first).toMatchObject({ code: 0, stderr: '' })
      expect(first.json()).toEqual({ migrated: MIGRATION_NAMES })
    } finally {
      await database.owner.query(`DROP DATABASE ${name} WITH (FORCE)`)
    }
  })

  test('maintain repeats itself where it is asked to, until a signal', async () => {
    const running = startPaxyo(['maintain'], { ...env, MAINTAIN_EVERY_HOURS: '12' })
    await eventually(() => running.stdout().includes('idempotency keys'))
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('version compares itself with the database and the services', async () => {
    const { version } = (await paxyo(['version', '--json'])).json() as { version: string }
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    const owner = { DATABASE_URL: env['DATABASE_URL']! }
    const checked = await paxyo(['version', '--check'], owner)
    expect([checked.code, checked.stdout]).toEqual([
      0,
      `${version}\ndatabase: ${MIGRATION_NAMES.length} migrations\nservices: webhook-ingest ${version}\ngateways: not compared\n`,
    ])
    const old = new pg.Client({ connectionString: database.url, application_name: 'ws-gateway' })
    await old.connect()
    const behind = await paxyo(['version', '--check'], owner)
    await old.end()
    expect([behind.code, behind.stdout.trim().split('\n').at(-1)]).toEqual([
      1,
      'A process of another version runs: ws-gateway of an unknown version.',
    ])
    const name = `paxyo_version_${process.pid}`
    await database.owner.query(`CREATE DATABASE ${name}`)
    const empty = new URL(database.url)
    empty.pathname = name
    const pending = await paxyo(['version', '--check', '--json'], { DATABASE_URL: empty.href })
    await database.owner.query(`DROP DATABASE ${name} WITH (FORCE)`)
    expect(pending.code).toBe(1)
    expect(pending.json()).toMatchObject({ database: { applied: 0, pending: MIGRATION_NAMES, newer: [] } })
  })

  test('the exporter serves the size of the database, until a signal', async () => {
    const port = await freePort()
    const running = startPaxyo(['exporter'], { ...env, HOST: '127.0.0.1', METRICS_PORT: String(port), DISKS: '/' })
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    await eventually(async () => (await metrics()).includes('paxyo_disk_available_bytes{name="/"'))
    expect(await metrics()).toMatch(/^paxyo_database_size_bytes\{service="exporter"\} [1-9]\d+$/m)
    expect(await metrics()).toMatch(/^paxyo_database_wal_retained_bytes\{service="exporter"\} 0$/m)
    // A restore could not rename the database, which it does at its end.
    const sessions = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'paxyo-exporter'`
    expect((await database.owner.query(sessions)).rowCount).toBe(0)
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('a bad retention is rejected before anything is dropped', async () => {
    const { code, stderr } = await paxyo(['maintain'], { ...env, EVENT_RETENTION_DAYS: '-1' })
    expect([code, stderr]).toEqual([2, expect.stringContaining('EVENT_RETENTION_DAYS: must be a whole number')])
  })
})

describe('epoch', () => {
  test('it is shown, and renewed by the owner alone', async () => {
    const shown = await paxyo(['epoch', 'show'], env)
    expect(shown.stdout).toMatch(/^[0-9a-f]{32}\n$/)
    const rotated = (await paxyo(['epoch', 'rotate', '--json'], env)).json() as { epoch: string }
    expect(rotated.epoch).not.toBe(shown.stdout.trim())
    expect((await paxyo(['epoch', 'show'], env)).stdout).toBe(`${rotated.epoch}\n`)

    // Roles belong to the whole server, which other test runs may use.
    const reader = `epoch_reader_${randomUUID().replaceAll('-', '')}`
    await database.owner.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader' IN ROLE paxyo_gateway`)
    try {
      const url = Object.assign(new URL(database.url), { username: reader, password: 'reader' }).href
      const rejected = await paxyo(['epoch', 'rotate'], { DATABASE_URL: url })
      expect([rejected.code, rejected.stderr]).toEqual([5, expect.stringContaining('stream_epoch')])
    } finally {
      await database.owner.query(`DROP ROLE ${reader}`)
    }
  })
})
