import { expect, test } from '@jest/globals'
import type { OperationsBatch, OperationsRow } from '@paxyo/contracts'
import type { DeliveryView } from '@paxyo/panel-client'
import {
  before,
  EARLIER_ROWS_MAX,
  EMPTY_FEED,
  FEED_ROWS_MAX,
  NO_FILTER,
  rateOf,
  ROWS_PER_SECOND_MAX,
  withBatch,
  withEarlier,
  type Feed,
} from '../../page/state/live-feed.ts'

const row = (deliveryId: string, change: Partial<OperationsRow> = {}): OperationsRow => ({
  deliveryId,
  provider: 'godofpanel',
  providerOrderId: deliveryId,
  orderId: deliveryId,
  userId: 'ann',
  outcome: 'applied',
  reason: null,
  reported: 'Completed',
  status: 'completed',
  refund: null,
  currency: null,
  receivedAt: '2026-01-01T00:00:00.000Z',
  ...change,
})

const batch = (rows: readonly OperationsRow[], deliveries = rows.length): OperationsBatch => ({
  type: 'batch',
  at: '2026-01-01T00:00:00.000Z',
  outcomes: { applied: deliveries },
  providers: { godofpanel: deliveries },
  refunds: [],
  reviews: { opened: 0, resolved: 0 },
  rows: [...rows],
})

const ids = ({ rows }: Feed): string[] => rows.map(({ deliveryId }) => deliveryId)

const earlier = (deliveryId: string, orderId: string | null, change: Partial<DeliveryView> = {}): DeliveryView => {
  const { reported: _reported, status: _status, refund: _refund, currency: _currency, ...delivery } = row(deliveryId)
  return { ...delivery, orderId, orderStatus: 'completed', reason: null, replayOf: null, ...change }
}

test('the newest row is at the top', () => {
  const feed = withBatch(
    withBatch(EMPTY_FEED, batch([row('1'), row('2')]), NO_FILTER, 0),
    batch([row('3')]),
    NO_FILTER,
    0,
  )
  expect(ids(feed)).toEqual(['3', '2', '1'])
})

test('a delivery that was read before its batch arrived is one row', () => {
  const feed = withBatch(
    withEarlier(EMPTY_FEED, [earlier('2', 'A-1'), earlier('1', 'A-1')]),
    batch([row('2')]),
    NO_FILTER,
    0,
  )
  expect(ids(feed)).toEqual(['2', '1'])
})

test('above a rate it shows a sample, says so, and counts all', () => {
  let feed = EMPTY_FEED
  for (let index = 0; index < 200; index += 1) {
    feed = withBatch(
      feed,
      batch(
        Array.from({ length: 10 }, (_, at) => row(`${index}-${at}`)),
        100,
      ),
      NO_FILTER,
      5000,
    )
  }
  expect(feed.rows).toHaveLength(ROWS_PER_SECOND_MAX)
  expect(rateOf(feed, 5000)).toEqual({ perSecond: 2000, isSampled: true })
  expect(rateOf(feed, 16_000)).toEqual({ perSecond: 0, isSampled: false })
})

test('a few deliveries are all shown', () => {
  const feed = withBatch(EMPTY_FEED, batch([row('1')]), NO_FILTER, 0)
  expect(rateOf(feed, 0).isSampled).toBe(false)
})

test('the filter applies before the sample: what is rare is still seen', () => {
  const filter = { ...NO_FILTER, outcome: 'review' }
  let feed = EMPTY_FEED
  for (let index = 0; index < 50; index += 1) feed = withBatch(feed, batch([row(`${index}`)]), filter, 0)
  feed = withBatch(feed, batch([row('a'), row('rare', { outcome: 'review' })]), filter, 0)
  expect(ids(feed)).toEqual(['rare'])
})

test('it keeps a bounded number of rows', () => {
  let feed = EMPTY_FEED
  for (let second = 0; second < 40; second += 1) {
    feed = withBatch(
      feed,
      batch(Array.from({ length: 10 }, (_, at) => row(`${second}-${at}`))),
      NO_FILTER,
      second * 1000,
    )
  }
  expect(feed.rows).toHaveLength(FEED_ROWS_MAX)
  expect(feed.seconds.length).toBeLessThanOrEqual(10)
})

test('of earlier deliveries, the newest that changed an order says what it is now', () => {
  const first = withEarlier(EMPTY_FEED, [
    earlier('4', 'A-1', { outcome: 'progress' }),
    earlier('3', 'A-1'),
    earlier('2', null, { orderStatus: null }),
    earlier('1', 'A-1'),
  ])
  const { rows } = withEarlier(first, [earlier('1', 'A-1'), earlier('0', 'A-1'), earlier('-1', 'A-2')])
  expect(rows.map(({ deliveryId, status }) => [deliveryId, status])).toEqual([
    ['4', null],
    ['3', 'completed'],
    ['2', null],
    ['1', null],
    ['0', null],
    ['-1', 'completed'],
  ])
})

test('earlier ones are asked for from the time of the oldest row on, and their number is bounded', () => {
  expect(before(EMPTY_FEED)).toEqual({})
  const feed = withBatch(EMPTY_FEED, batch([row('1')]), NO_FILTER, 0)
  expect(before(feed)).toEqual({ to: '2026-01-01T00:00:00.001Z' })
  const many = Array.from({ length: EARLIER_ROWS_MAX }, (_, at) => earlier(`e-${at}`, null))
  expect(withEarlier(feed, many).rows).toHaveLength(EARLIER_ROWS_MAX)
})
