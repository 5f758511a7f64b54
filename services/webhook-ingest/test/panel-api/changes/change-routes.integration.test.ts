import { HELD_REQUESTS_MAX } from '@paxyo/ledger'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { importOrders, newId, type ImportedOrder } from '@paxyo/ledger'
import type { AccountPage, CopiedOrder, PanelChange, PanelOrder } from '@paxyo/panel-client'
import { createMetrics } from '@paxyo/service-kit'
import { encodeCursor } from '@paxyo/panel-api-kit'
import { eventually } from '@paxyo/testkit'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

interface Feed {
  readonly data: readonly PanelChange[]
  readonly cursor: string
  readonly hasMore: boolean
}

const IMPORTED: ImportedOrder = {
  orderId: 'W-2',
  provider: 'godofpanel',
  providerOrderId: 'W-2',
  userId: 'user-2',
  service: 'Instagram followers',
  link: 'https://instagram.com/somebody',
  quantity: 1000,
  charge: 250_000_000n,
  currency: 'USD',
  status: 'processing',
  remains: null,
  startCount: null,
  refundedElsewhere: 0n,
  createdAt: undefined,
}

const registry = createMetrics('test')
let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
  ingest.ingest.addMetrics(registry)
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const ask = (query: string) => ingest.call('GET', `/v1/changes?${query}`)
const read = async (query: string): Promise<Feed> => (await ask(query)).json<Feed>()
const now = async (): Promise<string> => (await read('')).cursor
const heldCount = async (): Promise<number | undefined> =>
  (await registry.getSingleMetric('paxyo_ingest_held_requests')!.get()).values[0]?.value
const register = (id: string, order: object = {}) => ingest.register({ orderId: id, providerOrderId: id, ...order })

test('every way to change something is in the feed, in the order of the commits', async () => {
  const start = await read('')
  expect(start).toEqual({ data: [], cursor: expect.stringMatching(/^[0-9a-f]{32}\.0$/), hasMore: false })

  await register('A-1', { userId: 'ann' })
  await ingest.webhook({ order_id: 'A-1', status: 'partial', remains: 300 })
  const deposit = { amount: '10', currency: 'USD', paymentRef: 'p-1' }
  await ingest.call('POST', '/v1/accounts/ann/deposits', deposit)
  await ingest.call('POST', '/v1/orders/A-1/actions', { action: 'cancel', note: 'asked for it' })
  await register('A-2', { userId: 'ann' })
  await ingest.webhook({ order_id: 'A-2', status: 'failed' })
  const { data: reviews } = (await ingest.call('GET', '/v1/reviews')).json<{ data: { reviewId: string }[] }>()
  await ingest.call('POST', `/v1/reviews/${reviews[0]!.reviewId}/resolve`, { action: 'dismiss', note: 'it is fine' })

  const { data, cursor } = await read(`after=${start.cursor}`)
  expect(data.map((change) => [change.type, change.seq, 'order' in change ? change.order?.status : null])).toEqual([
    ['order.registered', 1, 'pending'],
    ['order.updated', 2, 'partial'],
    ['account.updated', 3, null],
    ['order.updated', 4, 'canceled'],
    ['order.registered', 5, 'pending'],
    ['order.updated', 6, 'failed'],
    ['review.opened', 6, 'failed'],
    ['review.resolved', 6, 'failed'],
  ])
  expect(data[1]).toEqual({
    id: start.cursor.replace(/0$/, '2'),
    type: 'order.updated',
    at: expect.any(String),
    userId: 'ann',
    seq: 2,
    order: {
      ...(await ingest.call('GET', '/v1/orders/A-1')).json<{ order: PanelOrder }>().order,
      status: 'partial',
      refunded: '0.75',
      updatedAt: data[1]!.at,
    },
    previousStatus: 'pending',
    account: { balance: '0.75', currency: 'USD', mode: 'external' },
    refund: { refundId: expect.any(String), amount: '0.75', currency: 'USD' },
  })
  expect(data[3]).toMatchObject({ previousStatus: 'partial', account: { balance: '12.5' } })
  expect(data[7]).toMatchObject({
    userId: 'ann',
    order: { orderId: 'A-2' },
    review: { reason: 'order_failed', resolution: { action: 'dismiss', by: 'environment', note: 'it is fine' } },
  })
  expect(cursor).toBe(data.at(-1)!.id)
  expect(await read(`after=${cursor}`)).toEqual({ data: [], cursor, hasMore: false })

  const some = await read(`after=${start.cursor}&types=account.updated,review.opened&limit=2`)
  expect(some.data.map(({ type }) => type)).toEqual(['account.updated'])
  expect(await read(`after=${some.cursor}&types=account.updated,review.opened&limit=2`)).toMatchObject({
    data: [{ type: 'review.opened' }],
    hasMore: false,
  })
})

test('an order says how much of its refund the previous system paid', async () => {
  const cursor = await now()
  const partial = { ...IMPORTED, orderId: 'E-1', providerOrderId: 'E-1', userId: 'eve', status: 'partial' } as const
  const { database } = ingest
  await importOrders({ pool: database.poolAs('ingest', 1), newId }, [{ ...partial, refundedElsewhere: 75_000_000n }])
  await ingest.webhook({ order_id: 'E-1', status: 'canceled' })
  const order = { orderId: 'E-1', status: 'canceled', refunded: '2.5', refundedElsewhere: '0.75' }
  expect((await read(`after=${cursor}`)).data).toMatchObject([{ order, refund: { amount: '1.75' } }])
  expect((await ingest.call('GET', '/v1/orders/E-1')).json()).toMatchObject({ order })
  expect((await ingest.call('GET', '/v1/orders?userId=eve')).json()).toMatchObject({ data: [order] })
  const copy = (await ingest.call('GET', '/v1/orders?updatedAfter=2020-01-01T00:00:00Z&userId=eve')).json()
  expect(copy).toMatchObject({ data: [order] })
})

describe('a request that waits', () => {
  test('gets a change as soon as it is committed, here or in another process', async () => {
    await register('W-1')
    const cursor = await now()
    const held = read(`after=${cursor}&wait=30`)
    await eventually(async () => (await heldCount()) === 1)
    await ingest.webhook({ order_id: 'W-1', status: 'processing' })
    const first = await held
    expect(first.data).toMatchObject([{ type: 'order.updated', order: { orderId: 'W-1' } }])

    const next = read(`after=${first.cursor}&wait=30`)
    await eventually(async () => (await heldCount()) === 1)
    await importOrders({ pool: ingest.database.poolAs('ingest', 1), newId }, [IMPORTED])
    expect((await next).data).toMatchObject([
      { type: 'order.registered', order: { orderId: 'W-2', status: 'processing' } },
    ])
  })

  test('is not woken by what it did not ask for', async () => {
    const cursor = await now()
    const held = read(`after=${cursor}&wait=30&types=account.updated`)
    await eventually(async () => (await heldCount()) === 1)
    await register('W-5', { userId: 'bob' })
    await ingest.call('POST', '/v1/accounts/bob/deposits', { amount: '1', currency: 'USD', paymentRef: 'p-2' })
    const { data, cursor: end } = await held
    expect(data).toMatchObject([{ type: 'account.updated', userId: 'bob', account: { balance: '1' } }])
    expect(await read(`after=${end}`)).toMatchObject({ data: [] })
  })

  test('ends when its time is over, with the cursor that it came with', async () => {
    const cursor = await now()
    expect(await read(`after=${cursor}&wait=1`)).toEqual({ data: [], cursor, hasMore: false })
  })

  test('holds up no other: more than the API does at once wait, up to a limit', async () => {
    const cursor = await now()
    const held = Array.from({ length: HELD_REQUESTS_MAX }, () => read(`after=${cursor}&wait=30`))
    await eventually(async () => (await heldCount()) === HELD_REQUESTS_MAX)
    const response = await ask(`after=${cursor}&wait=30`)
    expect(response.json()).toMatchObject({ status: 503, code: 'queue_full' })
    expect(response.headers['retry-after']).toBe('5')

    await register('W-9')
    for (const { data } of await Promise.all(held)) expect(data).toMatchObject([{ order: { orderId: 'W-9' } }])
  })
})

describe('a cursor', () => {
  test.each(['', 'x', '1', `${'0'.repeat(32)}.-1`, '%00'])('%j is none', async (cursor) => {
    expect((await ask(`after=${cursor}`)).json()).toMatchObject({ status: 400, code: 'invalid_cursor' })
  })

  test('that the database does not have, because it is a former primary, is retried, and counted', async () => {
    const ahead = (await now()).replace(/\d+$/, '999999999999999')
    const response = await ask(`after=${ahead}&wait=30`)
    expect(response.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
    expect(response.headers['retry-after']).toBe('5')
    const counted = await registry.getSingleMetric('paxyo_ingest_cursors_ahead_total')!.get()
    expect(counted.values.map(({ labels, value }) => [labels['outcome'], value])).toEqual([
      ['rejected', 1],
      ['void', 0],
    ])
  })

  test('that is void or too old is answered with the way to a copy', async () => {
    const restored = (await ask(`after=${'0'.repeat(32)}.1&wait=30`)).json<object>()
    expect(restored).toMatchObject({
      status: 410,
      code: 'cursor_void',
      detail: expect.stringContaining('updatedAfter'),
    })

    const { owner } = ingest.database
    const old = (await now()).replace(/\d+$/, '0')
    await owner.query('UPDATE change_feed_head SET deleted_position = 1')
    const expired = (await ask(`after=${old}`)).json<object>()
    expect(expired).toMatchObject({
      status: 410,
      code: 'cursor_expired',
      detail: expect.stringContaining('GET /v1/orders?updatedAfter='),
    })
  })
})

interface OrderPage {
  readonly data: readonly CopiedOrder[]
  readonly nextCursor: string | null
  readonly changesCursor: string
}

test('a copy of the orders and the changes after its cursor make up what is here', async () => {
  const ids = Array.from({ length: 25 }, (_, index) => `C-${index}`)
  for (const id of ids) await register(id)
  const copied = new Map<string, PanelOrder>()
  let changesCursor = ''
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = `updatedAfter=2026-01-01T00:00:00Z&limit=10${cursor === '' ? '' : `&cursor=${cursor}`}`
    const page: OrderPage = (await ingest.call('GET', `/v1/orders?${query}`)).json()
    for (const { seq: _seq, ...order } of page.data) copied.set(order.orderId, order)
    changesCursor ||= page.changesCursor
    expect(page.changesCursor).toBe(changesCursor)
    cursor = page.nextCursor
    // While it is copied, orders change on pages that were read and on pages that were not.
    await ingest.webhook([
      { order_id: 'C-1', status: 'partial', remains: 500 - copied.size },
      { order_id: 'C-24', status: 'partial', remains: 500 + copied.size },
    ])
    await register(`D-${copied.size}`)
  }
  const { data } = await read(`after=${changesCursor}&limit=500`)
  for (const change of data)
    if ('order' in change && change.order !== null) copied.set(change.order.orderId, change.order)

  const all = (await ingest.call('GET', '/v1/orders?limit=100')).json<{ data: PanelOrder[] }>().data
  expect(new Map(all.map((order) => [order.orderId, order]))).toEqual(new Map(copied))
})

test('a copy is not continued by a server that does not have its cursor, such as a former primary', async () => {
  await register('F-1')
  await register('F-2')
  const query = 'updatedAfter=2026-01-01T00:00:00Z&limit=1'
  const { nextCursor } = (await ingest.call('GET', `/v1/orders?${query}`)).json<OrderPage>()
  const [createdAt, orderId, changesCursor] = JSON.parse(Buffer.from(nextCursor!, 'base64url').toString()) as string[]
  const follow = async (cursor: string) =>
    (
      await ingest.call('GET', `/v1/orders?${query}&cursor=${encodeCursor([createdAt!, orderId!, cursor])}`)
    ).json<object>()
  expect(await follow(changesCursor!)).toMatchObject({ changesCursor })
  expect(await follow(changesCursor!.replace(/\d+$/, '1000000'))).toMatchObject({
    status: 503,
    code: 'database_unavailable',
  })
  expect(await follow(`${'0'.repeat(32)}.1`)).toMatchObject({ status: 410, code: 'cursor_void' })
  expect(await follow('1')).toMatchObject({ status: 400, code: 'invalid_cursor' })
})

test('a copied order has its place in the stream of its user: it has all changes up to there', async () => {
  for (const id of ['S-1', 'S-2']) await register(id, { userId: 'sam' })
  await ingest.webhook({ order_id: 'S-1', status: 'processing' })
  const query = 'updatedAfter=2026-01-01T00:00:00Z&userId=sam'
  const { data } = (await ingest.call('GET', `/v1/orders?${query}`)).json<OrderPage>()
  expect(data.map(({ orderId, status, seq }) => [orderId, status, seq])).toEqual([
    ['S-2', 'pending', 3],
    ['S-1', 'processing', 3],
  ])
})

describe('a copy of the accounts', () => {
  const copy = (changesCursor: string, query = '') =>
    ingest.call('GET', `/v1/accounts?changesCursor=${changesCursor}&limit=2${query}`)

  async function copyAll(): Promise<Map<string, object>> {
    const changesCursor = await now()
    const copied = new Map<string, object>()
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: AccountPage = (await copy(changesCursor, cursor === '' ? '' : `&cursor=${cursor}`)).json()
      for (const { account, seq } of page.data) copied.set(account.userId, { balance: account.balance, seq })
      cursor = page.nextCursor
    }
    return copied
  }

  test('has every one, also of users without orders, and none of a user who was erased', async () => {
    await ingest.call('POST', '/v1/accounts', { userId: 'no-orders', currency: 'USD' })
    await ingest.call('POST', '/v1/accounts/no-orders/deposits', { amount: '7', currency: 'USD', paymentRef: 'p-7' })
    const { rows } = await ingest.database.owner.query<{ user_id: string; copied: object }>(
      `SELECT user_id, json_build_object('balance', trim_scale(balance)::text, 'seq', last_seq) AS copied FROM accounts`,
    )
    const all = await copyAll()
    expect(all).toEqual(new Map(rows.map((row) => [row.user_id, row.copied])))
    expect(all.get('no-orders')).toEqual({ balance: '7', seq: 1 })

    expect((await ingest.call('POST', '/v1/users/no-orders/erase', {})).statusCode).toBe(200)
    all.delete('no-orders')
    expect(await copyAll()).toEqual(all)
  })

  test('is not made by a server that does not have the cursor of the orders, such as a former primary', async () => {
    const cursor = await now()
    const bodyOf = async (...query: Parameters<typeof copy>) => (await copy(...query)).json<object>()
    const ahead = cursor.replace(/\d+$/, '1000000')
    expect(await bodyOf(ahead)).toMatchObject({ status: 503, code: 'database_unavailable' })
    expect(await bodyOf(`${'0'.repeat(32)}.1`)).toMatchObject({ status: 410, code: 'cursor_void' })
    expect(await bodyOf('1')).toMatchObject({ status: 400, code: 'invalid_cursor' })
    expect(await bodyOf(cursor, '&cursor=nonsense')).toMatchObject({ status: 400, code: 'invalid_cursor' })
  })
})

test('orders that were not updated since are left out of a copy', async () => {
  await register('E-1')
  const { order } = (await ingest.call('GET', '/v1/orders/E-1')).json<{ order: PanelOrder }>()
  await register('E-2')
  const page = (await ingest.call('GET', `/v1/orders?updatedAfter=${order.updatedAt}`)).json<{ data: PanelOrder[] }>()
  expect(page.data.map(({ orderId }) => orderId)).not.toContain('E-1')
  expect(page.data.map(({ orderId }) => orderId)).toContain('E-2')
  const bad = await ingest.call('GET', '/v1/orders?updatedAfter=2026-01-01T00:00:00Z&cursor=nonsense')
  expect(bad.json()).toMatchObject({ code: 'invalid_cursor' })
})
