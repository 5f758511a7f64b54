import { expect, test } from '@jest/globals'
import type { OutgoingWebhookView, RejectedRequestView, WebhookEndpoint } from '@paxyo/panel-client'
import { orderChanged, reviewsChanged, refundsPaid } from '../../page/data/changes.ts'
import { mergePages } from '../../page/data/pages.ts'
import { createReader } from '../../page/data/resource.ts'
import { hrefOf, placeOf } from '../../page/data/router.ts'
import { causesOf } from '../../page/state/causes.ts'
import { checksOf, scriptTag, webhookAddress } from '../../page/state/checks.ts'
import { curlOf } from '../../page/state/curl.ts'
import { reviewsVerdict, serverState, webhooksVerdict } from '../../page/state/verdicts.ts'

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
  expect(webhooksVerdict(undefined, now)).toBe('quiet')
  expect(webhooksVerdict('2026-01-01T23:30:00Z', now)).toBe('good')
  expect(webhooksVerdict('2026-01-01T22:00:00Z', now)).toBe('warn')
  expect(reviewsVerdict(undefined, now)).toBe('good')
  expect(reviewsVerdict('2026-01-01T23:00:00Z', now)).toBe('warn')
  expect(reviewsVerdict('2025-12-31T23:00:00Z', now)).toBe('bad')
})

test('the server is failing when a webhook was tried and waits', () => {
  const endpoint = {} as WebhookEndpoint
  const webhook = (change: Partial<OutgoingWebhookView>) =>
    ({
      attempts: 1,
      lastError: 'connection refused',
      lastStatus: null,
      createdAt: '2026-01-02',
      ...change,
    }) as OutgoingWebhookView
  expect(serverState([], []).verdict).toBe('quiet')
  expect(serverState([endpoint], [webhook({ attempts: 0, lastError: null })]).verdict).toBe('good')
  expect(
    serverState([endpoint], [webhook({}), webhook({ createdAt: '2026-01-01', lastError: null, lastStatus: 503 })]),
  ).toEqual({ verdict: 'bad', failing: 2, since: '2026-01-01', error: 'HTTP 503' })
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
  expect(scriptTag('https://rt.example.com/', '/t?a="b"&c')).toBe(
    '<script src="https://rt.example.com/paxyo.js" data-token-url="/t?a=&quot;b&quot;&amp;c"></script>',
  )
  expect(webhookAddress('https://a.example', 'a/b')).toBe('https://a.example/webhooks/a%2Fb/TOKEN')
  expect(curlOf({ provider: 'p', body: `it's` }, 'https://a.example')).toBe(
    `curl -X POST 'https://a.example/webhooks/p/TOKEN' -H 'Content-Type: application/json' -d 'it'\\''s'`,
  )
})
