import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createPanelClient, type PanelClient } from '@paxyo/panel-client'
import { parseSecret, signWebhook } from '@paxyo/standard-webhooks'
import {
  createTestDatabase,
  eventually,
  freePort,
  hostEnvironment,
  providePython,
  startProgram,
  type TestDatabase,
} from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PANEL_KEY, startSystem, WEBHOOK_TOKEN, type System } from '../../e2e/system.ts'

const EXAMPLES = fileURLToPath(new URL('..', import.meta.url))
/** The libraries of PyPI have to be installed first. */
const SET_UP_TIMEOUT_MS = 180_000

interface Server {
  readonly command: string
  readonly args: (port: number) => readonly string[]
  readonly folder: string
}

let system: System
let client: PanelClient
let python: string
let servers: Record<'node' | 'python', Server>
const setUp = new AsyncDisposableStack()
beforeAll(async () => {
  system = setUp.use(await startSystem())
  client = createPanelClient({ url: system.ingest.url, apiKey: PANEL_KEY })
  const requirements = ['python', 'conformance'].flatMap((folder) =>
    readFileSync(join(EXAMPLES, folder, 'requirements.txt'), 'utf8')
      .trim()
      .split('\n'),
  )
  python = providePython(...requirements)
  servers = {
    node: { command: process.execPath, args: () => ['webhook.js'], folder: join(EXAMPLES, 'node') },
    python: {
      command: python,
      args: (port) => ['-m', 'flask', '--app', 'webhook', 'run', '--port', String(port)],
      folder: join(EXAMPLES, 'python'),
    },
  }
}, SET_UP_TIMEOUT_MS)
afterAll(() => setUp.disposeAsync())

/** A panel's tables, in a separate schema. */
async function createTables(stack: AsyncDisposableStack): Promise<{ database: TestDatabase; url: string }> {
  const database = stack.use(await createTestDatabase())
  await database.owner.query(`
    CREATE SCHEMA panel;
    CREATE TABLE panel.orders (id text PRIMARY KEY, status text NOT NULL DEFAULT 'pending', remains integer,
      refunded numeric NOT NULL DEFAULT 0, paxyo_seq bigint NOT NULL DEFAULT 0);
    CREATE TABLE panel.users (id text PRIMARY KEY, balance numeric NOT NULL DEFAULT 100)`)
  const url = new URL(database.url)
  url.searchParams.set('options', '-c search_path=panel')
  return { database, url: url.href.replaceAll('+', '%20') }
}

async function startExample(name: 'node' | 'python', env: Readonly<Record<string, string>>): Promise<AsyncDisposable> {
  const { command, args, folder } = servers[name]
  return startProgram(command, args(Number(env['PORT'])), {
    cwd: folder,
    env: { ...hostEnvironment(), PATH: `${dirname(command)}:${process.env['PATH']}`, ...env },
    isReady: () => fetch(`http://127.0.0.1:${env['PORT']}/webhook`).then(() => true),
  })
}

describe.each(['node', 'python'] as const)('the example for %s', (name) => {
  const stack = new AsyncDisposableStack()
  let database: TestDatabase
  let url: string
  let endpointId: string
  let key: Buffer
  const order = (number: number): string => `${name}-${number}`
  const table = async (text: string): Promise<unknown[]> => (await database.owner.query<object>(text)).rows
  beforeAll(async () => {
    const port = await freePort()
    const tables = await createTables(stack)
    ;({ database } = tables)
    url = `http://127.0.0.1:${port}/webhook`
    const { endpoint, secret } = await client.outgoingWebhooks.endpoints.create({ url, types: ['order.updated'] })
    ;({ endpointId } = endpoint)
    key = parseSecret(secret)!
    const env = { PAXYO_WEBHOOK_SECRET: secret, PANEL_DB: tables.url, PORT: String(port) }
    stack.use(await startExample(name, env))
  })
  afterAll(() => stack.disposeAsync())

  test('keeps the tables true, and credits each refund once', async () => {
    await database.owner.query(`INSERT INTO panel.users (id) VALUES ('${name}')`)
    for (const number of [1, 2, 3]) {
      await database.owner.query(`INSERT INTO panel.orders (id) VALUES ('${order(number)}')`)
      await system.register({ orderId: order(number), providerOrderId: order(number), userId: name })
    }
    await system.webhook({ order_id: order(1), status: 'Partial', remains: '300' })
    await system.webhook({ order_id: order(2), status: 'In progress', remains: '900' })
    await system.webhook({ order_id: order(1), status: 'Canceled' })
    await system.webhook({ order_id: order(3), status: 'Completed', remains: '0' })
    const wanted = [
      { id: order(1), status: 'canceled', remains: 300, refunded: '2.5' },
      { id: order(2), status: 'in_progress', remains: 900, refunded: '0' },
      { id: order(3), status: 'completed', remains: 0, refunded: '0' },
    ]
    const orders = 'SELECT id, status, remains, refunded FROM panel.orders ORDER BY id'
    await eventually(async () => JSON.stringify(await table(orders)) === JSON.stringify(wanted))

    // Every webhook again, the oldest last.
    const sent = await Array.fromAsync(client.outgoingWebhooks.list({ endpointId }))
    expect(sent.length).toBeGreaterThanOrEqual(3)
    for (const { webhookId: id } of sent) {
      const { body } = await client.outgoingWebhooks.get(id)
      const headers = { 'content-type': 'application/json', ...signWebhook({ id, body }, [key], Date.now()) }
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(204)
    }
    expect(await table(orders)).toEqual(wanted)
    // An order without a row gets an error, except for the test order of `paxyo setup --check`.
    const post = async (userId: string, number = 0, changes: object = {}): Promise<number> => {
      const before = { orderId: order(number), status: 'completed', remains: 0, refunded: '0', refundedElsewhere: '0' }
      const changed = { ...before, payment: 'external', ...changes }
      const body = JSON.stringify({ type: 'order.updated', data: { order: changed, userId, seq: 100 } })
      const headers = { 'content-type': 'application/json', ...signWebhook({ id: 'w-1', body }, [key], Date.now()) }
      return (await fetch(url, { method: 'POST', headers, body })).status
    }
    expect([await post('paxyo-setup-check'), await post(name)]).toEqual([204, 404])
    // The previous system had refunded 0.5 of 0.75.
    expect(await post(name, 2, { refunded: '0.75', refundedElsewhere: '0.5' })).toBe(204)
    // An order that was paid from the account that Paxyo keeps is refunded there.
    expect(await post(name, 3, { refunded: '1', payment: 'account' })).toBe(204)
    // A refund whose user has no row is due until there is one.
    expect(await post('without-row', 2, { refunded: '2' })).toBe(404)
    expect(await table('SELECT id, trim_scale(balance) AS balance FROM panel.users')).toEqual([
      { id: name, balance: '102.75' },
    ])
    expect(await table(`SELECT refunded FROM panel.orders WHERE id = '${order(2)}'`)).toEqual([{ refunded: '0.75' }])
  })

  test('rejects what Paxyo did not sign', async () => {
    const headers = {
      'content-type': 'application/json',
      'webhook-id': '1',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': 'v1,bm9uZQ==',
    }
    const body = JSON.stringify({ type: 'order.updated', data: { order: { orderId: order(2), status: 'failed' } } })
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(401)
    expect((await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status).toBe(
      401,
    )
  })
})

test('the gateway passes the conformance scenarios, over WebSockets and HTTP streams', async () => {
  const folder = join(EXAMPLES, 'conformance')
  const { scenarios } = JSON.parse(readFileSync(join(folder, 'scenarios.json'), 'utf8')) as {
    scenarios: { name: string; transports: string[] }[]
  }
  const runs = scenarios.flatMap(({ name, transports }) =>
    transports.map((transport) => `ok     ${name} (${transport})`),
  )
  const webhookUrl = `${system.ingest.url}/webhooks/godofpanel/${WEBHOOK_TOKEN}`
  const urls = ['--gateway', system.gateway.url, '--panel', system.ingest.url, '--webhook', webhookUrl]
  const { stdout } = await promisify(execFile)(python, [
    join(folder, 'run.py'),
    ...urls,
    '--panel-key',
    PANEL_KEY,
  ]).catch((failed: { stdout: string }) => failed)
  expect(stdout.trim().split('\n')).toEqual([...runs, `${runs.length} passed, 0 failed`])
})
