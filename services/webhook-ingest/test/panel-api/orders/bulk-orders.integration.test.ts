import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { anOrder, API_KEY, startIngest, type IngestFixture } from '../../ingest-fixture.ts'

/** Half a second on an idle machine. */
const BULK_MS_MAX = 30_000

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

type Row = ReturnType<typeof anOrder>
let bulks = 0
/** Rows with ids that no other test of this file uses. */
function rows(count: number, userCount = 10): Row[] {
  bulks += 1
  return Array.from({ length: count }, (_, index) => ({
    ...anOrder(),
    orderId: `B${bulks}-${index}`,
    providerOrderId: `b${bulks}-${index}`,
    userId: `bulk-${bulks}-${index % userCount}`,
  }))
}
const bulk = (orders: unknown, key?: string) =>
  ingest.call('POST', '/v1/orders/bulk', { orders }, key === undefined ? {} : { 'idempotency-key': key })

const countOrders = async (userPattern: string): Promise<number> =>
  (await ingest.database.owner.query('SELECT FROM orders WHERE user_id LIKE $1', [userPattern])).rowCount!

test('a thousand orders of ten users, each its next event, within seconds', async () => {
  const orders = rows(1_000)
  const userId = orders[0]!.userId
  const events = await ingest.follow(userId)
  const startedAt = performance.now()
  const response = await bulk(orders)
  const tookMs = performance.now() - startedAt

  expect(response.statusCode).toBe(200)
  const { results, ...counts } = response.json()
  expect(counts).toEqual({ registered: 1_000, unchanged: 0, rejected: 0, epoch: expect.any(String) })
  expect(results.map(({ orderId }: { orderId: string }) => orderId)).toEqual(orders.map(({ orderId }) => orderId))
  expect(results[990]).toEqual({ index: 990, orderId: orders[990]!.orderId, outcome: 'registered', seq: 100 })
  process.stderr.write(`1,000 orders in ${Math.round(tookMs)} ms\n`)
  expect(tookMs).toBeLessThan(BULK_MS_MAX)
  await eventually(() => events.length === 100)
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
})

test('a bad row fails nobody else', async () => {
  const orders: unknown[] = rows(9, 3)
  const [first] = orders as Row[]
  const foreign = rows(1)[0]!
  await ingest.call('POST', '/v1/orders', foreign)
  Object.assign(orders[1] as Row, { charge: 2.5 })
  orders[2] = 'no order at all'
  Object.assign(orders[3] as Row, { currency: 'EUR', userId: first!.userId })
  Object.assign(orders[4] as Row, { providerOrderId: foreign.providerOrderId })
  Object.assign(orders[5] as Row, { payment: 'account' })
  orders[6] = { ...first }
  Object.assign(orders[7] as Row, { orderId: first!.orderId })
  const response = await bulk(orders)

  expect(response.json()).toMatchObject({ registered: 2, unchanged: 1, rejected: 6 })
  expect(response.json().results).toMatchObject([
    { index: 0, outcome: 'registered' },
    { index: 1, outcome: 'rejected', code: 'validation_failed', detail: expect.stringContaining('charge') },
    { index: 2, orderId: null, outcome: 'rejected', code: 'validation_failed' },
    { index: 3, outcome: 'rejected', code: 'currency_mismatch' },
    { index: 4, outcome: 'rejected', code: 'provider_order_taken' },
    { index: 5, outcome: 'rejected', code: 'insufficient_funds' },
    { index: 6, outcome: 'unchanged', orderId: first!.orderId },
    { index: 7, outcome: 'rejected', code: 'order_conflict' },
    { index: 8, outcome: 'registered' },
  ])
})

test('a row that is refused opens no account', async () => {
  const [first, twin, another] = rows(3, 3) as [Row, Row, Row]
  twin.providerOrderId = first.providerOrderId
  twin.currency = 'EUR'
  another.userId = twin.userId
  const response = await bulk([first, twin])

  expect(response.json().results[1]).toMatchObject({ outcome: 'rejected', code: 'provider_order_taken' })
  expect((await ingest.call('GET', `/v1/accounts/${twin.userId}`)).json()).toMatchObject({ code: 'account_not_found' })
  expect((await bulk([{ ...twin, orderId: 'twin-again' }, another])).json().results).toMatchObject([
    { outcome: 'rejected', code: 'provider_order_taken' },
    { outcome: 'registered', seq: 1 },
  ])
})

test('a row that is nested without end is refused like any other', async () => {
  const [good] = rows(1) as [Row]
  const depth = 20_000
  const response = await ingest.app.inject({
    method: 'POST',
    url: '/v1/orders/bulk',
    headers: {
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    payload: `{"orders":[${JSON.stringify(good)},${'['.repeat(depth)}${']'.repeat(depth)}]}`,
  })
  expect(response.json()).toMatchObject({ registered: 1, rejected: 1 })
})

test('sent again it changes nothing; with its key it is answered the same', async () => {
  const orders = rows(600)
  const key = randomUUID()
  const first = await bulk(orders, key)
  await ingest.webhook({ order_id: orders[0]!.providerOrderId, status: 'processing' })

  expect((await bulk(orders, key)).body).toBe(first.body)
  expect((await bulk(orders)).json()).toMatchObject({ registered: 0, unchanged: 600 })
  expect((await bulk(orders.slice(1), key)).json()).toMatchObject({ code: 'idempotency_key_reused' })
})

test('one that broke off is finished by sending it again', async () => {
  const orders = rows(600, 2)
  const key = randomUUID()
  // The second transaction of the first attempt fails.
  await ingest.database.owner.query(`
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'gone' USING ERRCODE = '57P01'; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.order_id = '${orders[400]!.orderId}')
    EXECUTE FUNCTION fail()`)
  const broken = await bulk(orders, key)
  expect(broken.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
  expect(await countOrders(`bulk-${bulks}-%`)).toBe(250)
  await ingest.database.owner.query('DROP FUNCTION fail CASCADE')

  expect((await bulk(orders, key)).json()).toMatchObject({ registered: 600, unchanged: 0, rejected: 0 })
  expect(await countOrders(`bulk-${bulks}-%`)).toBe(600)
})

test('a row that the database refuses stands alone', async () => {
  const orders = rows(20, 2)
  await ingest.database.owner.query(`
    ALTER TABLE orders ADD CONSTRAINT no_seventh CHECK (order_id <> '${orders[7]!.orderId}') NOT VALID`)
  const response = await bulk(orders, randomUUID())
  await ingest.database.owner.query('ALTER TABLE orders DROP CONSTRAINT no_seventh')

  expect(response.json()).toMatchObject({ registered: 19, rejected: 1 })
  expect(response.json().results[7]).toMatchObject({ index: 7, outcome: 'rejected', code: 'internal_error' })
})

test('three that overlap at once register everything once', async () => {
  const orders = rows(400, 7)
  const turned = [orders, orders.toReversed(), orders.slice(100)]
  const responses = await Promise.all(turned.map((some) => bulk(some)))

  expect(responses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
  const registered = responses.map((response) => response.json().registered as number)
  expect(registered.reduce((sum, count) => sum + count)).toBe(400)
})

test('deliveries that waited are applied', async () => {
  const orders = rows(3)
  await ingest.webhook({ order_id: orders[1]!.providerOrderId, status: 'canceled' })
  expect((await bulk(orders)).json().results.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2, 1])
})

test('its size is bounded, in rows and in bytes, and larger than that of others', async () => {
  const long = rows(100)
  for (const row of long) row.link = 'x'.repeat(2_048)
  expect((await bulk(long)).json()).toMatchObject({ registered: 100 })
  expect((await bulk(rows(1_001))).json()).toMatchObject({ status: 400, code: 'validation_failed' })
  expect((await bulk([])).json()).toMatchObject({ status: 400, code: 'validation_failed' })
  expect((await bulk(['x'.repeat(4 * 1024 * 1024)])).json()).toMatchObject({ status: 413, code: 'body_too_large' })
  const one = await ingest.call('POST', '/v1/orders', { ...anOrder(), link: 'x'.repeat(64 * 1024) })
  expect(one.json()).toMatchObject({ status: 413, code: 'body_too_large' })
})
