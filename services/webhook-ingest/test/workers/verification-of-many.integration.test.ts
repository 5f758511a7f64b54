import { afterEach, expect, test } from '@jest/globals'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { eventually } from '@paxyo/testkit'
import { startReceiver, type Receiver } from '../../../../packages/provider-simulator/test/receiver.ts'
import { startIngest, TOKEN, type IngestFixture } from '../ingest-fixture.ts'

const TIMES = {
  retryDelayMs: 20,
  retryDelayMsMax: 100,
  lagMs: 0,
  giveUpAfterMs: 3_600_000,
  leaseMs: 60_000,
  // No test depends on it: a commit wakes the worker.
  pollIntervalMs: 3_600_000,
}
const KEY = 'a-key'

const resources: AsyncDisposable[] = []
afterEach(async () => {
  for (const resource of resources.splice(0).toReversed()) await resource[Symbol.asyncDispose]()
})

/** A provider's API: `respond` gets the ids of a request, and undefined holds it. */
async function startApi(respond: (orderIds: readonly string[]) => string | undefined): Promise<Receiver> {
  const receiver = await startReceiver((response, _count, { body }) => {
    const form = new URLSearchParams(body)
    const text = respond((form.get('orders') ?? form.get('order'))!.split(','))
    if (text !== undefined) response.end(text)
  })
  resources.push(receiver)
  return receiver
}

let ingest: IngestFixture
async function start(url: string, others: Parameters<typeof startIngest>[1] = {}): Promise<IngestFixture> {
  ingest = await startIngest(
    { tokens: [TOKEN] },
    { provider: { url, key: KEY, verifiesRefunds: true, verificationTimes: TIMES }, ...others },
  )
  resources.push(ingest)
  return ingest
}

const register = (id: string, provider = 'godofpanel') =>
  ingest.register({ orderId: `A-${provider}-${id}`, providerOrderId: id, userId: `user-${id}`, provider })
const results = async (): Promise<Record<string, string>> => {
  const { rows } = await ingest.database.owner.query<{ id: string; result: string }>(
    `SELECT provider_order_id AS id, coalesce(reason, outcome) AS result FROM deliveries`,
  )
  return Object.fromEntries(rows.map(({ id, result }) => [id, result]))
}
const allSettled = () =>
  eventually(async () => {
    const found = await results()
    return Object.values(found).includes('awaiting_verification') ? undefined : found
  })

test('a bad item and one that the response leaves out stop no other; what is left out is asked about alone', async () => {
  const alone: Record<string, string> = {
    '3': '{"status":"Canceled"}',
    '5': '[]',
    '6': '{"error":"Incorrect order ID"}',
  }
  const { url, received } = await startApi((ids) => {
    if (ids.length === 1) return alone[ids[0]!] ?? '{"status":"Canceled"}'
    const items = ids
      .filter((id) => !(id in alone))
      .map((id) => [id, id === '2' ? 'Incorrect order ID' : { status: 'Canceled' }])
    return JSON.stringify(Object.fromEntries(items))
  })
  await start(url)
  const ids = ['1', '2', '3', '4', '5', '6']
  for (const id of ids) await register(id)
  await ingest.webhook(ids.map((id) => ({ order_id: id, status: 'canceled' })))

  expect(await allSettled()).toEqual({
    '1': 'applied',
    '2': 'unknown_to_provider',
    '3': 'applied',
    '4': 'applied',
    '5': 'unknown_to_provider',
    '6': 'unknown_to_provider',
  })
  expect(received.length).toBeLessThan(12)
})

test('a provider that does not answer delays no other', async () => {
  const slow = await startApi(() => undefined)
  const fast = await startApi(() => '{"status":"Canceled"}')
  const provider = createGodOfPanel({ name: 'slow', api: { url: slow.url, key: KEY, timeoutMs: 600_000 } })
  const authentication = { tokens: [TOKEN], signatureKeys: [], allowedCidrs: [] }
  await start(fast.url, { others: [{ provider, authentication }] })
  await register('1', 'slow')
  await register('2')
  await ingest.webhook({ order_id: '1', status: 'canceled' }, `/webhooks/slow/${TOKEN}`)
  await eventually(() => slow.received.length === 1)
  await ingest.webhook({ order_id: '2', status: 'canceled' })

  await eventually(async () => (await results())['2'] === 'applied')
  expect((await results())['1']).toBe('awaiting_verification')
})
