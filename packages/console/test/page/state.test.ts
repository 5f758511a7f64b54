import { expect, test } from '@jest/globals'
import type { OutgoingWebhookView, RejectedRequestView, WebhookEndpoint } from '@paxyo/panel-client'
import { orderChanged, reviewsChanged, refundsPaid } from '../../page/data/changes.ts'
import { formatOtherDay, formatSince } from '../../page/kit/format.ts'
import { mergePages } from '../../page/data/pages.ts'
import { createReader } from '../../page/data/resource.ts'
import { hrefOf, placeOf } from '../../page/data/router.ts'
import { causesOf } from '../../page/state/causes.ts'
import { checksOf } from '../../page/state/checks.ts'
import { curlOf } from '../../page/state/curl.ts'
import { deliveriesByDay, lastDays, linePoints, refundsOf, sumsBy, toCsv } from '../../page/state/days.ts'
import {
  compareRefunds,
  isServerReached,
  reviewsVerdict,
  serverVerdict,
  webhooksVerdict,
} from '../../page/state/verdicts.ts'

test('an address names a page and an id, whatever is in the id', () => {
  expect(hrefOf('orders', 'A/1?')).toBe('/console/orders/A%2F1%3F')
  expect(placeOf('/console/orders/A%2F1%3F', '')).toMatchObject({ page: 'orders', id: 'A/1?' })
  expect(placeOf('/console', '').page).toBe('')
  expect(placeOf('/console/orders/%E0', '').id).toBe('%E0')
  expect(hrefOf('search', undefined, { q: 'a b' })).toBe('/console/search?q=a+b')
})

test('what was loaded before stays below the newest page, without a gap', () => {
  const page = (data: readonly string[], nextCursor: string | null = 'next') => ({ data, nextCursor })
  const idOf = (item: string): string => item
  expect(mergePages(page(['5', '4']), page(['4', '3'], 'end'), idOf)).toEqual({
    items: ['5', '4', '3'],
    nextCursor: 'end',
  })
  expect(mergePages(page(['9', '8']), page(['4', '3'], 'end'), idOf)).toEqual({ items: ['9', '8'], nextCursor: 'next' })
  expect(mergePages(page(['9']), page([], null), idOf)).toEqual({ items: ['9'], nextCursor: 'next' })
})

test('changes during a read are one further read', async () => {
  const reads: (() => void)[] = []
  let finished = 0
  const reader = createReader({
    read: async () => {
      await new Promise<void>((resolve) => reads.push(resolve))
      finished += 1
    },
    intervalMs: 0,
  })
  const settle = () => new Promise((resolve) => setImmediate(() => setTimeout(resolve, 5)))
  reader.request()
  reader.request()
  reader.request()
  await settle()
  expect(reads).toHaveLength(1)
  reader.request()
  reads[0]!()
  await settle()
  expect(reads).toHaveLength(2)
  reader.stop()
  reads[1]!()
  await settle()
  expect([reads.length, finished]).toEqual([2, 2])
})

test('only changes that concern a page are read', () => {
  const batch = {
    type: 'batch',
    at: '2026-01-01T00:00:00.000Z',
    outcomes: { applied: 1 },
    providers: {},
    refunds: [],
    reviews: { opened: 0, resolved: 0 },
    rows: [{ orderId: 'A-1' }],
  } as never as Parameters<typeof reviewsChanged>[0]
  expect([orderChanged('A-1')(batch), orderChanged('A-2')(batch), reviewsChanged(batch), refundsPaid(batch)]).toEqual([
    true,
    false,
    false,
    false,
  ])
  const shortened = { ...batch, outcomes: { applied: 20 } } as typeof batch
  expect(orderChanged('A-2')(shortened)).toBe(true)
  for (const change of [{ type: 'everything' }, { type: 'sampled', batches: 1, deliveries: 1 }] as const) {
    expect([orderChanged('A-2')(change), reviewsChanged(change), refundsPaid(change)]).toEqual([true, true, true])
  }
})

test('rejected requests are grouped by cause', () => {
  const request = (requestId: string, reason: string, count: number) =>
    ({ requestId, provider: 'p', reason, count, lastReceivedAt: `2026-01-0${count}` }) as RejectedRequestView
  const causes = causesOf([
    request('1', 'malformed_json', 1),
    request('2', 'no_updates', 4),
    request('3', 'malformed_json', 2),
  ])
  expect(causes).toMatchObject([
    { reason: 'no_updates', count: 4 },
    { reason: 'malformed_json', count: 3, lastReceivedAt: '2026-01-02' },
  ])
})

test('verdicts', () => {
  const now = Date.parse('2026-01-02T00:00:00Z')
  expect(webhooksVerdict(null, now)).toBe('quiet')
  expect(webhooksVerdict('2026-01-01T23:30:00Z', now)).toBe('good')
  expect(webhooksVerdict('2026-01-01T22:00:00Z', now)).toBe('warn')
  expect(reviewsVerdict(null, now)).toBe('good')
  expect(reviewsVerdict('2026-01-01T23:00:00Z', now)).toBe('warn')
  expect(reviewsVerdict('2025-12-31T23:00:00Z', now)).toBe('bad')
})

test('refunds are compared with those of yesterday by the same time', () => {
  const refund = (today: [string, number], before: [string, number]) =>
    compareRefunds({
      currency: 'USD',
      today: { amount: today[0], count: today[1] },
      yesterdayUntilNow: { amount: before[0], count: before[1] },
      yesterday: { amount: '9', count: 9 },
    })
  expect(refund(['1', 1], ['0', 0])).toBe('none')
  expect(refund(['0', 0], ['0', 0])).toBe('same')
  expect(refund(['10', 1], ['9', 3])).toBe('more')
  expect(refund(['9', 3], ['10', 1])).toBe('less')
  expect(refund(['9.0', 3], ['9', 1])).toBe('same')
})

test('the server is failing, or not set up, or reached', () => {
  const failing = { endpointId: 'e', url: 'https://a.example', since: '2026-01-01', lastError: null, waiting: 1 }
  expect(serverVerdict({ enabled: 0, failing: [] })).toBe('quiet')
  expect(serverVerdict({ enabled: 1, failing: [] })).toBe('good')
  expect(serverVerdict({ enabled: 1, failing: [failing] })).toBe('bad')
  const endpoint = { isEnabled: true } as WebhookEndpoint
  const webhook = (attempts: number) => ({ attempts }) as OutgoingWebhookView
  expect(isServerReached([], [])).toBe(false)
  expect(isServerReached([endpoint], [webhook(0)])).toBe(true)
  expect(isServerReached([endpoint], [webhook(1)])).toBe(false)
})

const row = (day: string, service: string, amount: string, currency = 'USD') => ({
  day,
  currency,
  provider: 'godofpanel',
  service,
  amount,
  count: 2,
})

test('days are those of the time zone', () => {
  expect(lastDays(3, new Date('2026-03-01T23:30:00Z'), 'Europe/Berlin')).toEqual([
    '2026-02-28',
    '2026-03-01',
    '2026-03-02',
  ])
})

test('refunds are summed by day, provider or service and by currency, exactly', () => {
  const refunds = [row('2026-01-01', 'a', '0.1'), row('2026-01-01', 'b', '0.2'), row('2026-01-02', 'a', '5', 'EUR')]
  expect(sumsBy('day', refunds)).toMatchObject([
    { name: '2026-01-02', currency: 'EUR', amount: '5', count: 2 },
    { name: '2026-01-01', currency: 'USD', amount: '0.3', count: 4 },
  ])
  expect(sumsBy('provider', refunds)).toMatchObject([
    { name: 'godofpanel', currency: 'USD', amount: '0.3', count: 4 },
    { name: 'godofpanel', currency: 'EUR', amount: '5', count: 2 },
  ])
  expect(sumsBy('service', refunds).map(({ name, amount }) => `${name} ${amount}`)).toEqual(['a 5', 'a 0.1', 'b 0.2'])
  expect(sumsBy('service', refundsOf(refunds, { provider: '', service: 'b' }))).toMatchObject([{ amount: '0.2' }])
  expect(refundsOf(refunds, { provider: 'another', service: '' })).toEqual([])
})

test('a line of the last days', () => {
  const deliveries = [
    { day: '2026-01-02', outcome: 'applied', count: 3 },
    { day: '2026-01-01', outcome: 'applied', count: 1 },
    { day: '2026-01-01', outcome: 'stale', count: 1 },
  ] as const
  const days = ['2025-12-31', '2026-01-01', '2026-01-02']
  expect(deliveriesByDay(days, { deliveries: [...deliveries], refunds: [], hasMore: false, timeZone: 'UTC' })).toEqual([
    0, 2, 3,
  ])
  expect(linePoints([0, 4], 100, 20)).toBe('0,18 100,2')
})

test('a spreadsheet does not run a text of the CSV as a formula', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['=1+1', 'x "y", z'],
        ['-2', 3],
      ],
    ),
  ).toBe(`a,b\r\n'=1+1,"x ""y"", z"\r\n'-2,3\r\n`)
})

test('the checks of the set-up', () => {
  const facts = { protocol: 'http:', hostname: 'panel.example', clockAheadMs: 60_000, live: 'off' } as const
  const states = (change: object) =>
    checksOf({ ...facts, hasDeliveries: undefined, isServerReached: false, ...change }).map(({ state }) => state)
  expect(states({})).toEqual(['open', 'open', 'open', 'waiting', 'open'])
  expect(
    states({ protocol: 'https:', clockAheadMs: -900, live: 'live', hasDeliveries: true, isServerReached: true }),
  ).toEqual(['done', 'done', 'done', 'done', 'done'])
  expect(states({ hostname: 'localhost', clockAheadMs: undefined, live: 'connecting' }).slice(0, 3)).toEqual([
    'done',
    'waiting',
    'waiting',
  ])
})

test('what is copied is escaped', () => {
  expect(curlOf({ provider: 'p', body: `it's` }, 'https://a.example')).toBe(
    `curl -X POST 'https://a.example/webhooks/p/'"$WEBHOOK_TOKEN" -H 'Content-Type: application/json' -d 'it'\\''s'`,
  )
})

test('a row of another day has the day', () => {
  const now = new Date(2026, 10, 28, 15, 0).getTime()
  expect(formatOtherDay(new Date(2026, 10, 28, 0, 1).toISOString(), now)).toBeUndefined()
  expect(formatOtherDay(new Date(2026, 10, 27, 23, 59).toISOString(), now)).toBe('Nov 27')
})

test('a time of today is a time of day; one of another day has its date', () => {
  const now = new Date(2026, 10, 28, 15, 0)
  expect(formatSince(new Date(2026, 10, 28, 14, 2).toISOString(), now.getTime())).toBe('14:02')
  expect(formatSince(new Date(2026, 10, 27, 14, 2).toISOString(), now.getTime())).toMatch(/^Nov 27, 2026, 14:02$/)
})
