import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startSimulator, type Simulator } from '@paxyo/provider-simulator'
import { createTestDatabase, eventually, sharedRedisUrl, startService, type ServiceProcess } from '@paxyo/testkit'
import { Webhook } from 'standardwebhooks'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { anOrder, API_KEY } from './ingest-fixture.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const TOKENS = { godofpanel: 'a-token-of-godofpanel', second: 'a-token-of-the-second' }
const SECRETS = {
  godofpanel: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  second: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
}
type Name = keyof typeof TOKENS

let resources: AsyncDisposableStack
let apis: Readonly<Record<Name, Simulator>>
let env: Readonly<Record<string, string>>
let folder: string
beforeEach(async () => {
  resources = new AsyncDisposableStack()
  folder = mkdtempSync(join(tmpdir(), 'paxyo-providers-'))
  resources.defer(() => rmSync(folder, { recursive: true }))
  apis = { godofpanel: resources.use(await startSimulator()), second: resources.use(await startSimulator()) }
  const database = resources.use(await createTestDatabase())
  env = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    PROVIDERS_FILE: join(folder, 'providers.json'),
  }
})
afterEach(async () => {
  await resources.disposeAsync()
})

const write = (file: string, text: string): string => {
  writeFileSync(join(folder, file), text)
  return join(folder, file)
}

const godofpanel = (): object => ({
  name: 'godofpanel',
  webhookTokens: [TOKENS.godofpanel],
  webhookSecrets: [SECRETS.godofpanel],
  apiUrl: apis.godofpanel.apiUrl,
  apiKey: apis.godofpanel.apiKey,
})

/** Another provider of the same API family, added by configuration alone, with its secrets in files. */
const second = (): object => ({
  name: 'second',
  webhookTokensFile: write('second-token', `${TOKENS.second}\n`),
  webhookSecrets: [SECRETS.second],
  apiUrl: apis.second.apiUrl,
  apiKeyFile: write('second-key', apis.second.apiKey),
  statusMap: { '5': 'canceled' },
})

async function start(providers: readonly object[], more: Readonly<Record<string, string>> = {}): Promise<Panel> {
  write('providers.json', JSON.stringify(providers))
  const service = resources.use(await startService('webhook-ingest', { ...env, ...more, PANEL_API_KEYS: API_KEY }))
  return panelOf(service)
}

/** The members of responses that these tests check. */
interface Body {
  readonly results: readonly object[]
  readonly data: readonly object[]
  readonly order: Readonly<Record<'provider' | 'userId' | 'status' | 'refunded', string>>
  readonly account: { readonly balance: string }
}

interface PanelResponse {
  readonly status: number
  readonly body: Body
}

/** HTTP requests of a panel and its providers. */
interface Panel {
  get(path: string): Promise<Body>
  register(order: object): Promise<PanelResponse>
  /** Sends a webhook. */
  webhook(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<PanelResponse>
}

function panelOf({ url }: ServiceProcess): Panel {
  const send = async (
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PanelResponse> => {
    const response = await fetch(`${url}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json', ...headers },
    })
    return { status: response.status, body: (await response.json()) as Body }
  }
  const key = { authorization: `Bearer ${API_KEY}` }
  return {
    get: async (path) => (await send(path, undefined, key)).body,
    register: (order) => send('/v1/orders', { ...anOrder(), ...order }, key),
    webhook: (path, body, headers) => send(`/webhooks/${path}`, body, headers),
  }
}

/** Order 1 of each provider: `A-1` of `user-1` is GodOfPanel's, `B-1` of `user-2` the second one's. */
async function registerBoth(panel: Panel): Promise<void> {
  const ofFirst = await panel.register({ orderId: 'A-1', userId: 'user-1', providerOrderId: '1', charge: '2.5' })
  const ofSecond = await panel.register({
    orderId: 'B-1',
    userId: 'user-2',
    providerOrderId: '1',
    charge: '40',
    provider: 'second',
  })
  expect([ofFirst, ofSecond]).toMatchObject([{ status: 201 }, { status: 201 }])
  for (const api of Object.values(apis)) api.add({ orderId: '1', quantity: 1000 })
}

const orderOf = async (panel: Panel, orderId: string): Promise<object> => {
  const { order } = await panel.get(`/v1/orders/${orderId}`)
  const { account } = await panel.get(`/v1/accounts/${order.userId}`)
  return { status: order.status, refunded: order.refunded, balance: account.balance }
}

test('two providers with the same order ids: each opens its own door, in its own words, for its own orders', async () => {
  const panel = await start([godofpanel(), second()])
  await registerBoth(panel)
  expect(await panel.register({ orderId: 'C-1', providerOrderId: '1', provider: 'third' })).toMatchObject({
    status: 400,
    body: { code: 'unknown_provider', detail: 'provider must be one of godofpanel, second' },
  })

  const update = { order_id: '1', status: '5' }
  expect(await panel.webhook(`second/${TOKENS.godofpanel}`, update)).toMatchObject({ status: 401 })
  expect(await panel.webhook(`godofpanel/${TOKENS.second}`, update)).toMatchObject({ status: 401 })
  expect(await panel.webhook(`third/${TOKENS.second}`, update)).toMatchObject({ status: 404 })
  expect(await orderOf(panel, 'B-1')).toEqual({ status: 'pending', refunded: '0', balance: '0' })

  expect((await panel.webhook(`godofpanel/${TOKENS.godofpanel}`, update)).body.results).toEqual([
    { orderId: '1', outcome: 'review', reason: 'unknown_status' },
  ])
  expect((await panel.webhook(`second/${TOKENS.second}`, update)).body.results).toEqual([
    { orderId: '1', outcome: 'applied', refund: '40' },
  ])
  expect(await orderOf(panel, 'A-1')).toEqual({ status: 'pending', refunded: '0', balance: '0' })
  expect(await orderOf(panel, 'B-1')).toEqual({ status: 'canceled', refunded: '40', balance: '40' })

  expect((await panel.get('/v1/orders?provider=second')).data).toMatchObject([{ orderId: 'B-1', provider: 'second' }])
  expect((await panel.get('/v1/orders?provider=godofpanel')).data).toMatchObject([{ orderId: 'A-1' }])
  expect((await panel.get('/v1/deliveries?provider=second')).data).toMatchObject([{ outcome: 'applied' }])
  expect((await panel.get('/v1/deliveries?providerOrderId=1&provider=godofpanel')).data).toMatchObject([
    { outcome: 'review', orderId: 'A-1' },
  ])
})

test('two providers that sign the same message under the same id have sent two messages', async () => {
  const panel = await start([godofpanel(), second()])
  await registerBoth(panel)
  const update = { order_id: '1', status: 'Canceled' }
  const send = async (name: Name): Promise<unknown> => {
    const at = new Date()
    const { body } = await panel.webhook(name, update, {
      'webhook-id': 'msg_1',
      'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
      'webhook-signature': new Webhook(SECRETS[name]).sign('msg_1', at, JSON.stringify(update)),
    })
    return body.results
  }
  expect(await send('godofpanel')).toMatchObject([{ outcome: 'applied', refund: '2.5' }])
  expect(await send('second')).toMatchObject([{ outcome: 'applied', refund: '40' }])
  expect(await send('second')).toMatchObject([{ outcome: 'duplicate' }])
})

test('a registration without a provider means the only one; with several and no godofpanel among them, none', async () => {
  const one = await start([second()])
  expect(await one.register({})).toMatchObject({ status: 201 })
  expect((await one.get('/v1/orders/A-1')).order).toMatchObject({ provider: 'second' })

  const several = await start([second(), { name: 'third', webhookTokens: ['a-token-of-the-third'] }])
  expect(await several.register({ orderId: 'A-2', providerOrderId: '2' })).toMatchObject({
    status: 400,
    body: { code: 'unknown_provider', detail: 'provider must be one of second, third' },
  })
  expect(await several.register({ orderId: 'A-2', providerOrderId: '2', provider: 'third' })).toMatchObject({
    status: 201,
  })
  expect((await several.get('/v1/orders/A-2')).order).toMatchObject({ provider: 'third' })
})

test('whether a refund is true is asked of the provider of its order', async () => {
  const panel = await start([godofpanel(), second()], { VERIFY_REFUNDS: 'on' })
  await registerBoth(panel)
  apis.godofpanel.complete('1')
  apis.second.cancel('1')
  for (const name of ['godofpanel', 'second'] as const) {
    const { body } = await panel.webhook(`${name}/${TOKENS[name]}`, { order_id: '1', status: 'Canceled' })
    expect(body.results).toEqual([{ orderId: '1', outcome: 'awaiting_verification' }])
  }

  await eventually(async () => (await panel.get('/v1/deliveries?outcome=awaiting_verification')).data.length === 0)
  expect(await orderOf(panel, 'A-1')).toEqual({ status: 'pending', refunded: '0', balance: '0' })
  expect(await orderOf(panel, 'B-1')).toEqual({ status: 'canceled', refunded: '40', balance: '40' })
  expect((await panel.get('/v1/reviews')).data).toMatchObject([{ orderId: 'A-1', reason: 'provider_disagrees' }])
  expect([apis.godofpanel.requests, apis.second.requests]).toEqual([{ status: 1 }, { status: 1 }])
})

test('reconciling asks the provider of each order', async () => {
  const panel = await start([godofpanel(), second()])
  await registerBoth(panel)
  apis.godofpanel.change('1', { status: 'partial', remains: 300 })
  apis.second.cancel('1')

  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'reconcile', '--', 'A-1', 'B-1'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  })
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['orders asked about: 2 (2 applied)']))
  expect(await orderOf(panel, 'A-1')).toEqual({ status: 'partial', refunded: '0.75', balance: '0.75' })
  expect(await orderOf(panel, 'B-1')).toEqual({ status: 'canceled', refunded: '40', balance: '40' })
})
