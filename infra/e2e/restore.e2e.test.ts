import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connect as connectClient } from '@paxyo/browser-client'
import { startSimulator, type Simulator } from '@paxyo/provider-simulator'
import { startLocalPostgres, type LocalPostgres } from '@paxyo/local-postgres'
import {
  allStarted,
  bundleProgram,
  connectSocket,
  eventually,
  hostEnvironment,
  mintToken,
  sharedRedisUrl,
  SHORT_LIVED,
  startChaosProxy,
  startService,
  TEST_JWT_SECRET,
  type ChaosProxy,
  type ServiceProcess,
} from '@paxyo/testkit'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

// The runbook's backup and its restore to a point in time, with the runbook's own settings and commands, and with webhooks
// before and after that point. Each test is one step, in order.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const RUNBOOK = readFileSync(join(ROOT, 'infra/docs/runbook.md'), 'utf8')
const SECTION = /^## Backup and restore$([^]*?)^## /m.exec(RUNBOOK)![1]!
/** The blocks of a language, in their order. */
const blocks = (language: string): string[] =>
  [...SECTION.matchAll(new RegExp(`^ *\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, 'gm'))].map(([, text]) =>
    text!.replaceAll(/^ +/gm, '').trim(),
  )
const [ARCHIVE_CONF, RECOVERY_CONF] = blocks('conf') as [string, string]
const [START_BACKUP, STOP_BACKUP] = blocks('sql') as [string, string]
const [COPY, AFTER_START, AFTER_ALL] = blocks('sh') as [string, string, string]

const MAIN = await bundleProgram(join(ROOT, 'packages/cli/src/main.ts'))
const PAXYO = `"${process.execPath}" ${SHORT_LIVED.join(' ')} "${MAIN}"`
const PASSWORD = 'test'
const PANEL_KEY = 'a-panel-api-key'
const WEBHOOK_TOKEN = 'a-webhook-token'
const USER = 'user-1'

let dir: string
let postgres: LocalPostgres
/** Both keep their address during the restore, as a DNS name and a load balancer do. */
let network: ChaosProxy
let front: ChaosProxy
let provider: Simulator
let env: Record<string, string>
const resources = new AsyncDisposableStack()
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-restore-'))
  resources.defer(() => rmSync(dir, { recursive: true, force: true }))
  provider = await startSimulator({ apiKey: 'a-provider-key' })
  resources.defer(() => provider.close())
})
afterAll(() => resources.disposeAsync())

/** A block of settings, with the folders of this test. */
function settingsOf(conf: string): Record<string, string> {
  const lines = conf.replaceAll('/backup', join(dir, 'backup')).split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^(\w+) = '?(.*?)'?$/.exec(line)!
      return [name!, value!]
    }),
  )
}

const portOf = (url: string): number => Number(new URL(url).port)

async function query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: env['DATABASE_URL'] })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** Runs a command in a shell. Not synchronously, because its connections go through proxies in this process. */
async function run(command: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const child = spawn('sh', ['-c', command.replaceAll('/backup', join(dir, 'backup'))], {
    cwd: dir,
    env: { ...hostEnvironment(), ...env },
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => (output[name] += chunk.toString()))
  }
  const [status] = (await once(child, 'close')) as [number]
  return { status, ...output }
}

/** Runs the lines of a block, one after the other. */
async function type(block: string): Promise<string> {
  let output = ''
  for (const line of block.split('\n')) {
    const { status, stdout, stderr } = await run(line.replace(/^npx paxyo/, PAXYO))
    expect({ line, status, stderr, stdout: status === 0 ? '' : stdout }).toMatchObject({ line, status: 0, stderr: '' })
    output += stdout
  }
  return output
}

async function start(name: 'webhook-ingest' | 'ws-gateway'): Promise<ServiceProcess> {
  const service = resources.use(await startService(name, env))
  if (name === 'webhook-ingest') {
    provider.setWebhook({
      url: `${service.url}/webhooks/godofpanel`,
      authentication: { kind: 'path', token: WEBHOOK_TOKEN },
    })
  }
  return service
}

let ingest: ServiceProcess
let gateway: ServiceProcess
/** Sends a request of the panel and reads the whole response: an unread one would keep its connection open. */
async function panel(path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${ingest.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${PANEL_KEY}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

const orderOf = (id: string): object => ({
  orderId: `A-${id}`,
  providerOrderId: id,
  userId: USER,
  service: 'followers',
  link: 'https://example.com',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
})

/** The panel's user buys, and the panel passes the order on. */
async function buy(id: string): Promise<void> {
  provider.restore({ orderId: id, quantity: 1000, status: 'in_progress' })
  expect((await panel('/v1/orders', orderOf(id))).status).toBe(201)
}

async function cancel(id: string): Promise<void> {
  provider.cancel(id)
  await provider.idle()
  expect(provider.deliveries.newest.at(-1)?.state).toBe('acknowledged')
}

/** All refunds, by order. */
const paid = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (
      await query<{ order_id: string; amounts: string }>(
        `SELECT order_id, string_agg(trim_scale(amount)::text, '+') AS amounts FROM ledger_entries
         WHERE kind = 'refund' GROUP BY 1 ORDER BY 1`,
      )
    ).map(({ order_id: orderId, amounts }) => [orderId, amounts]),
  )

let client: ReturnType<typeof connectClient>
/** The snapshots and events that the page received, in order. */
const received: string[] = []
const errors: string[] = []
let before: { epoch: string; seq: number }
let cursor: string
let targetTime: string

test('a system that archives serves users', async () => {
  mkdirSync(join(dir, 'backup/wal'), { recursive: true })
  const dataDir = join(dir, 'data')
  postgres = await startLocalPostgres({ dataDir, password: PASSWORD, settings: settingsOf(ARCHIVE_CONF) })
  resources.defer(() => postgres.stop())
  const { uid, gid } = statSync(dataDir)
  for (const path of [dir, join(dir, 'backup'), join(dir, 'backup/wal')]) chmodSync(path, 0o755)
  chownSync(join(dir, 'backup/wal'), uid, gid)
  network = resources.use(await startChaosProxy(portOf(postgres.url)))
  env = {
    DATABASE_URL: Object.assign(new URL(postgres.url), { port: `${network.port}` }).href,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: WEBHOOK_TOKEN,
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
    PROVIDER_API_URL: provider.apiUrl,
    PROVIDER_API_KEY: provider.apiKey,
    PGDATA: dataDir,
  }
  await type('npx paxyo migrate')
  ;[ingest, gateway] = await allStarted([start('webhook-ingest'), start('ws-gateway')])
  front = resources.use(await startChaosProxy(portOf(gateway.url)))

  await buy('1')
  await cancel('1')
  client = connectClient({ url: `ws://127.0.0.1:${front.port}/ws`, getToken: () => mintToken(USER), share: 'none' })
  client.on('snapshot', ({ position }) => received.push(`snapshot@${position.seq}`))
  client.on('account', ({ seq }) => received.push(`${seq}`))
  client.on('status', ({ status }) => status.error && errors.push(status.error.code))
  await eventually(() => received.length === 1)
  expect(received).toEqual(['snapshot@2'])
})

test('a base backup is taken while it serves', async () => {
  const session = new pg.Client({ connectionString: env['DATABASE_URL'] })
  await session.connect()
  await session.query(START_BACKUP)
  await buy('2')
  expect([0, 1]).toContain((await run(COPY)).status)
  await buy('3')
  const { rows } = await session.query<{ labelfile: string; spcmapfile: string }>(STOP_BACKUP)
  await session.end()
  expect(rows[0]!.labelfile).toContain('LABEL: daily')
  expect(rows[0]!.spcmapfile).toBe('')
  writeFileSync(join(dir, 'backup/backup_label'), rows[0]!.labelfile)
})

test('what comes after the backup, up to the point to go back to', async () => {
  await cancel('2')
  expect(await paid()).toEqual({ 'A-1': '2.5', 'A-2': '2.5' })
  ;[{ time: targetTime }] = (await query<{ time: string }>(`SELECT clock_timestamp()::text AS time`)) as [
    { time: string },
  ]
})

test('what comes after that point, is answered 200, shown and credited, and will be lost', async () => {
  await buy('4')
  await cancel('3')
  await cancel('4')
  await eventually(() => received.at(-1) === '8')
  expect(received).toEqual(['snapshot@2', '3', '4', '5', '6', '7', '8'])
  expect(await paid()).toEqual({ 'A-1': '2.5', 'A-2': '2.5', 'A-3': '2.5', 'A-4': '2.5' })
  before = client.position!
  const feed = (await panel('/v1/refunds')).body as { cursor: string; data: unknown[] }
  expect(feed.data).toHaveLength(4)
  cursor = feed.cursor
})

/** A gateway that keeps running during the restore, because the operator has not stopped it. */
let forgotten: ServiceProcess
let throughIt: Awaited<ReturnType<typeof connectSocket>>

test('the database goes back to that point', async () => {
  forgotten = await start('ws-gateway')
  throughIt = await connectSocket(forgotten.url, { token: await mintToken(USER), resume: before })
  expect(await throughIt.next('welcome')).toMatchObject({ mode: 'resumed', seq: 8 })

  await ingest.end('SIGTERM')
  await gateway.end('SIGTERM')
  await postgres.stop()

  const dataDir = join(dir, 'restored')
  mkdirSync(dataDir, { mode: 0o700 })
  expect(await run(`tar -C '${dataDir}' -xf /backup/base.tar`)).toMatchObject({ status: 0, stderr: '' })
  const { uid, gid } = statSync(join(dir, 'data'))
  const put = (name: string, text: string): void => {
    writeFileSync(join(dataDir, name), text)
    chownSync(join(dataDir, name), uid, gid)
  }
  put('backup_label', readFileSync(join(dir, 'backup/backup_label'), 'utf8'))
  put('recovery.signal', '')
  chownSync(dataDir, uid, gid)
  postgres = await startLocalPostgres({
    dataDir,
    password: PASSWORD,
    settings: {
      ...settingsOf(ARCHIVE_CONF),
      ...settingsOf(RECOVERY_CONF.replace('2026-11-22 18:00:00+00', targetTime)),
    },
  })
  network.target = portOf(postgres.url)
  await eventually(async () => (await query('SELECT pg_is_in_recovery() AS is'))[0]!['is'] === false)

  expect(await paid()).toEqual({ 'A-1': '2.5', 'A-2': '2.5' })
  // A real restore takes longer than this one.
  await query(`UPDATE outbox SET created_at = created_at - interval '2 hours'`)
})

test('the commands before the start: a new epoch, the tables as they should be, a ledger without violations', async () => {
  const output = await type(AFTER_START)
  const [{ epoch }] = (await query<{ epoch: string }>('SELECT epoch FROM stream_epoch')) as [{ epoch: string }]
  expect(output.split('\n')[0]).toBe(epoch)
  expect(epoch).not.toBe(before.epoch)
  expect(output).toContain('The database is up to date.')
})

test('a client that is further ahead takes a snapshot, without an error', async () => {
  gateway = await start('ws-gateway')
  front.target = portOf(gateway.url)
  const ahead = await connectSocket(gateway.url, { token: await mintToken(USER), resume: before })
  const welcome = await ahead.next('welcome')
  expect(welcome).toMatchObject({ mode: 'snapshot', seq: 5, account: { balance: '5', currency: 'USD' } })
  expect(welcome.epoch).not.toBe(before.epoch)
  expect(welcome.orders?.map(({ orderId, status }) => `${orderId} ${status}`).toSorted()).toEqual([
    'A-1 canceled',
    'A-2 canceled',
    'A-3 pending',
  ])
  expect(ahead.messages.filter(({ type: kind }) => kind === 'error')).toEqual([])

  // The page, which has only lost its connection, also takes a snapshot.
  await eventually(() => client.position?.epoch === welcome.epoch)
  expect(received.splice(0)).toEqual(['snapshot@2', '3', '4', '5', '6', '7', '8', 'snapshot@5'])
  expect(errors.filter((code) => code !== 'draining' && code !== 'connection_lost')).toEqual([])
  received.push('snapshot@5')

  // A position of the new history is valid.
  ahead.close()
  const again = await connectSocket(gateway.url, { token: await mintToken(USER), resume: welcome })
  expect(await again.next('welcome')).toMatchObject({ mode: 'resumed', seq: 5 })
  again.close()
})

test('the panel and the provider bring back what was lost, and nothing is paid twice', async () => {
  ingest = await start('webhook-ingest')
  expect((await panel(`/v1/refunds?after=${cursor}`)).status).toBe(410)
  for (const id of ['1', '2', '3', '4'])
    expect((await panel('/v1/orders', orderOf(id))).status).toBe(id === '4' ? 201 : 200)
  // The provider repeats the webhook of one order; it does not repeat the other one.
  provider.announce(['3'])
  await provider.idle()
  expect(await paid()).toEqual({ 'A-1': '2.5', 'A-2': '2.5', 'A-3': '2.5' })
  expect(await type(AFTER_ALL)).toContain('refunded: A-4 2.5')
  provider.announce(['1', '2', '3', '4'])
  await provider.idle()
  expect(await paid()).toEqual({ 'A-1': '2.5', 'A-2': '2.5', 'A-3': '2.5', 'A-4': '2.5' })
  // The page that was open all the time receives each of them once.
  await eventually(() => received.at(-1) === '8')
  expect(received).toEqual(['snapshot@5', '6', '7', '8'])
  const [account] = await query('SELECT balance::float8 AS balance, last_seq::int AS seq FROM accounts')
  expect(account).toEqual({ balance: 10, seq: 8 })
  const feed = (await panel('/v1/refunds')).body as { data: { orderId: string; orderRefunded: string }[] }
  expect(feed.data.map(({ orderId, orderRefunded }) => `${orderId} ${orderRefunded}`).toSorted()).toEqual([
    'A-1 2.5',
    'A-2 2.5',
    'A-3 2.5',
    'A-4 2.5',
  ])
})

test('the forgotten gateway notices the new epoch: a client that was connected through it takes a snapshot', async () => {
  await throughIt.closed()
  // The new events differ from those with the same seq that it has sent.
  expect(throughIt.events()).toEqual([])
  await forgotten.end('SIGTERM')

  const back = await connectSocket(gateway.url, { token: await mintToken(USER), resume: before })
  const welcome = await back.next('welcome')
  expect(welcome).toMatchObject({ mode: 'snapshot', seq: 8, account: { balance: '10', currency: 'USD' } })
  expect(welcome.orders?.map(({ status }) => status)).toEqual(['canceled', 'canceled', 'canceled', 'canceled'])
  await buy('5')
  expect(await back.next('event')).toMatchObject({ seq: 9, order: { orderId: 'A-5' } })
  back.close()
  throughIt.close()
  client.close()
})
