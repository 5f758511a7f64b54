import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { ledgerViolations } from '@paxyo/testkit'
import { anOrder, startIngest, type IngestFixture } from '../ingest-fixture.ts'

// A webhook can be written so that it parks deliveries for any id. Registering these orders, and those beside them in a
// bulk, must not depend on reading that body again.

let ingest: IngestFixture
beforeEach(async () => {
  ingest = await startIngest()
})
afterEach(async () => {
  await ingest[Symbol.asyncDispose]()
})

const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth)

const POISONS: [string, string][] = [
  ['an order whose id looks like an envelope', '{"orders":{"data":{"status":"canceled"},"x1":{"status":"canceled"}}}'],
  ['an envelope inside an envelope', '{"data":{"orders":{"data":{"status":"canceled"},"x1":{"status":"partial"}}}}'],
  ['lists at the limit of the stack', `{"order_id":"x1","status":"canceled","x":${nested(20_000, '[', ']')}}`],
  ['objects at the limit of the stack', `{"order_id":"x1","status":"canceled","x":${nested(10_000, '{"a":', '}')}1}`],
  [
    'an order whose id is that of a prototype',
    '{"orders":{"constructor":{"status":"canceled"},"x1":{"status":"canceled"}}}',
  ],
]
const IDS = ['data', 'orders', 'constructor', 'x1']

/** Only what the test chooses can differ: the parked update is that of the webhook. */
const order = (providerOrderId: string) => ({ ...anOrder(), orderId: `A-${providerOrderId}`, providerOrderId })

test.each(POISONS)('%s: each of its orders can be registered, and is refunded once', async (_what, body) => {
  const response = await ingest.webhook(body)
  expect([200, 400]).toContain(response.statusCode)
  for (const id of IDS) expect((await ingest.register(order(id))).statusCode).toBe(201)
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})

test.each(POISONS)('%s: a bulk with its orders registers all rows', async (_what, body) => {
  await ingest.webhook(body)
  const rows = ['good-1', ...IDS, 'good-2'].map(order)
  const response = await ingest.call('POST', '/v1/orders/bulk', { orders: rows })
  expect(response.json()).toMatchObject({ registered: rows.length, rejected: 0 })
})

test('a parked update is applied as it was parsed on arrival, whatever its body says later', async () => {
  await ingest.webhook({ order_id: 'x1', status: 'partial', remains: 400, start_count: 7 })
  await ingest.database.owner.query(
    'UPDATE deliveries SET body = \'{"orders":{"data":1}}\' WHERE provider_order_id = \'x1\'',
  )
  const response = await ingest.register(order('x1'))

  expect(response.statusCode).toBe(201)
  expect(response.json()).toMatchObject({ order: { status: 'partial', remains: 400, refunded: '1' } })
})
