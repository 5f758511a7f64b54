import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import type { CreatedEndpoint, EndpointList, RotatedSecret, WebhookEndpoint } from '@paxyo/panel-client'
import { Webhook } from 'standardwebhooks'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'
import { startTestPanel, type Received, type TestPanel } from '../../workers/outgoing-webhooks/test-panel.ts'

const PATH = '/v1/outgoing-webhooks/endpoints'

let ingest: IngestFixture
let panel: TestPanel
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})
beforeEach(async () => {
  panel = await startTestPanel()
})
afterEach(async () => {
  const { data } = (await ingest.call('GET', PATH)).json<EndpointList>()
  for (const { endpointId } of data) await ingest.call('DELETE', `${PATH}/${endpointId}`)
  await panel[Symbol.asyncDispose]()
})

const create = async (endpoint: object): Promise<CreatedEndpoint> => {
  const response = await ingest.call('POST', PATH, { url: panel.url, ...endpoint })
  expect(response.statusCode).toBe(201)
  return response.json<CreatedEndpoint>()
}
const types = (): string[] => panel.received.map(({ body }) => (JSON.parse(body) as { type: string }).type)

let count = 0
const cancelOrder = async (): Promise<void> => {
  const id = `E-${(count += 1)}`
  await ingest.register({ orderId: id, providerOrderId: id })
  await ingest.webhook({ order_id: id, status: 'canceled' })
}

test('an endpoint gets the types that it names, signed with its secret, until it is deleted', async () => {
  await cancelOrder()
  const { endpoint, secret } = await create({ types: ['refund.paid'] })
  const all = await startTestPanel()
  const other = await create({ url: all.url })
  expect(endpoint).toMatchObject({ types: ['refund.paid'], isEnabled: true, secretCount: 1, waiting: 0 })
  expect(other.endpoint.types).toEqual(['order.updated', 'refund.paid', 'account.updated', 'review.opened'])
  expect(JSON.stringify((await ingest.call('GET', PATH)).json())).not.toContain(secret.slice(6))

  await cancelOrder()
  await eventually(() => panel.received.length === 1 && all.received.length === 2)
  expect(types()).toEqual(['refund.paid'])
  const [received] = panel.received
  expect(() => new Webhook(secret).verify(received!.body, received!.headers)).not.toThrow()
  expect(() => new Webhook(other.secret).verify(received!.body, received!.headers)).toThrow('No matching signature')

  const path = `${PATH}/${endpoint.endpointId}`
  expect((await ingest.call('DELETE', path)).json()).toEqual({ endpointId: endpoint.endpointId })
  expect((await ingest.call('GET', path)).json()).toMatchObject({ status: 404, code: 'webhook_endpoint_not_found' })
  await cancelOrder()
  await eventually(() => all.received.length === 4)
  expect(panel.received).toHaveLength(1)
  await all[Symbol.asyncDispose]()
})

test('a disabled endpoint gets what it missed when it is enabled again, at another address, too', async () => {
  const { endpoint } = await create({ types: ['refund.paid'], isEnabled: false })
  await cancelOrder()
  const moved = await startTestPanel()
  const changed = await ingest.call('PATCH', `${PATH}/${endpoint.endpointId}`, { url: moved.url, isEnabled: true })
  expect(changed.json<WebhookEndpoint>()).toMatchObject({ url: moved.url, isEnabled: true, types: ['refund.paid'] })
  await eventually(() => moved.received.length === 1)
  expect(panel.received).toEqual([])
  await moved[Symbol.asyncDispose]()
})

test('a secret is rotated without a webhook that the receiver cannot verify', async () => {
  const { endpoint, secret } = await create({ types: ['refund.paid'] })
  const path = `${PATH}/${endpoint.endpointId}/secret`
  const verifies = (key: string, { body, headers }: Received): boolean => {
    try {
      new Webhook(key).verify(body, headers)
      return true
    } catch {
      return false
    }
  }
  const added = (await ingest.call('POST', path, { step: 'add' })).json<RotatedSecret>()
  expect(added.endpoint.secretCount).toBe(2)
  await cancelOrder()
  await eventually(() => panel.received.length === 1)
  expect([secret, added.secret!].map((key) => verifies(key, panel.received[0]!))).toEqual([true, true])

  // Either of the two may be the receiver's: a third one takes the place of none, unless that is asked for.
  const third = await ingest.call('POST', path, { step: 'add' })
  expect([third.statusCode, third.json()]).toEqual([409, expect.objectContaining({ code: 'secret_rotation_pending' })])
  expect(ingest.log.filter(({ msg }) => msg === 'outgoing webhook secret rotated')).toMatchObject([{ step: 'add' }])
  const replaced = (await ingest.call('POST', path, { step: 'replace' })).json<RotatedSecret>()
  expect(replaced.endpoint.secretCount).toBe(2)
  await cancelOrder()
  await eventually(() => panel.received.length === 2)
  expect([secret, added.secret!, replaced.secret!].map((key) => verifies(key, panel.received[1]!))).toEqual([
    true,
    false,
    true,
  ])

  const retired = (await ingest.call('POST', path, { step: 'retire' })).json<RotatedSecret>()
  expect(retired).toMatchObject({ secret: null, endpoint: { secretCount: 1 } })
  await cancelOrder()
  await eventually(() => panel.received.length === 3)
  expect([secret, replaced.secret!].map((key) => verifies(key, panel.received[2]!))).toEqual([false, true])
})

test('a ping is signed, and its answer is reported', async () => {
  const { endpoint, secret } = await create({ isEnabled: false })
  const ping = async () => (await ingest.call('POST', `${PATH}/${endpoint.endpointId}/ping`)).json<object>()
  expect(await ping()).toEqual({ isDelivered: true, status: 200, error: null })
  const [received] = panel.pings
  expect(new Webhook(secret).verify(received!.body, received!.headers)).toMatchObject({ type: 'ping' })
  panel.respondToPing = (_received, response) => response.writeHead(403).end('who are you')
  expect(await ping()).toEqual({ isDelivered: false, status: 403, error: 'status 403: who are you' })
})

test('the same request creates one endpoint, and gets the same secret', async () => {
  const send = () => ingest.call('POST', PATH, { url: panel.url }, { 'idempotency-key': 'endpoint-1' })
  const first = (await send()).json<CreatedEndpoint>()
  expect((await send()).json()).toEqual(first)
  expect((await ingest.call('GET', PATH)).json<EndpointList>().data).toHaveLength(1)
})

describe('an address', () => {
  test.each([
    ['ftp://panel.example/', 'must begin with https://'],
    ['https://me:pw@localhost/', 'must not contain a password'],
    ['https://10.0.0.1/', 'must be a public address'],
    ['https://[fd00::1]/', 'must be a public address'],
    ['https://nowhere.invalid/', 'nowhere.invalid does not resolve'],
    ['nonsense', 'must be a URL'],
  ])('%s is not allowed', async (url, detail) => {
    const response = await ingest.call('POST', PATH, { url })
    expect(response.json()).toMatchObject({
      status: 400,
      code: 'address_not_allowed',
      detail: expect.stringContaining(detail),
    })
  })

  test('needs a certificate authority that is one', async () => {
    const response = await ingest.call('POST', PATH, { url: 'https://localhost/', ca: 'none' })
    expect(response.json()).toMatchObject({ code: 'address_not_allowed', detail: 'ca must be a certificate, PEM' })
  })
})
