import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { maintainPartitions } from '@paxyo/database'
import {
  connectSocket,
  eventually,
  freePort,
  mintToken,
  startService,
  stayWithinOneDay,
  type TestSocket,
} from '@paxyo/testkit'
import { readFileSync } from 'node:fs'
import { startSystem, type System } from './system.ts'

// The metrics of both services on METRICS_PORT. infra/docs/metrics.md must list exactly these.

let system: System
let client: TestSocket
const texts: Record<string, () => Promise<string>> = {}

beforeAll(async () => {
  system = await startSystem()
  for (const name of ['webhook-ingest', 'ws-gateway'] as const) {
    const port = await freePort()
    const service = await startService(name, { ...system.env, LOG_LEVEL: 'debug', METRICS_PORT: String(port) })
    await system[name === 'ws-gateway' ? 'gateway' : 'ingest'].end('SIGKILL')
    system[name === 'ws-gateway' ? 'gateway' : 'ingest'] = service
    texts[name] = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  }
  await system.register({})
  client = await connectSocket(system.gateway.url, { token: await mintToken('user-1') })
  await client.next('welcome')
})
afterAll(async () => {
  client.close()
  await system.ingest.end('SIGKILL')
  await system.gateway.end('SIGKILL')
  await system[Symbol.asyncDispose]()
})

/** The values of a metric's series, by their labels. */
async function valuesOf(service: string, metric: string): Promise<Record<string, number>> {
  const lines = (await texts[service]!()).matchAll(new RegExp(`^${metric}\\{([^}]*)\\} (.*)$`, 'gm'))
  return Object.fromEntries([...lines].map(([, labels, value]) => [withoutService(labels!), Number(value)]))
}

const withoutService = (labels: string): string =>
  labels
    .split(',')
    .filter((label) => !label.startsWith('service='))
    .join(',')

/** Waits for the values: a service may count the end of an action after the test has seen it. */
async function expectValues(values: () => Promise<Record<string, number>>, expected: object): Promise<void> {
  await eventually(async () => {
    expect(await values()).toEqual(expected)
    return true
  })
}

const ingest = (metric: string): Promise<Record<string, number>> => valuesOf('webhook-ingest', `paxyo_ingest_${metric}`)
const gateway = (metric: string): Promise<Record<string, number>> => valuesOf('ws-gateway', `paxyo_gateway_${metric}`)

test('metrics are served on a port of their own', async () => {
  for (const service of [system.ingest, system.gateway]) {
    expect((await fetch(`${service.url}/metrics`)).status).toBe(404)
  }
  expect(await valuesOf('ws-gateway', 'nodejs_eventloop_lag_seconds')).toEqual({ '': expect.any(Number) })
})

test('a refund is counted, in money, and its way is timed from the webhook to the socket', async () => {
  await system.webhook({ order_id: '12345', status: 'Partial', remains: '300' })
  await system.webhook({ order_id: '12345', status: 'Partial', remains: '300' })
  await client.next('event', (event) => event.event === 'order.updated')

  await expectValues(() => ingest('refunds_total'), { 'currency="USD"': 1 })
  await expectValues(() => ingest('refunded_money_total'), { 'currency="USD"': 0.75 })
  await expectValues(() => ingest('deliveries_total'), { 'outcome="applied"': 1, 'outcome="unchanged"': 1 })
  await expectValues(() => ingest('webhook_duration_seconds_count'), { 'status="200"': 2 })
  await expectValues(() => ingest('commit_duration_seconds_count'), { '': 2 })
  await expectValues(() => ingest('batch_deliveries_sum'), { '': 2 })
  await expectValues(() => ingest('orders_registered_total'), { '': 1 })
  await expectValues(() => ingest('publish_duration_seconds_count'), { '': 2 })

  await expectValues(() => gateway('events_sent_total'), { '': 1 })
  await expectValues(() => gateway('event_latency_seconds_count'), { '': 1 })
  const { '': seconds } = await gateway('event_latency_seconds_sum')
  expect(seconds).toBeGreaterThanOrEqual(0)
  expect(seconds).toBeLessThan(60)
  await expectValues(() => gateway('join_duration_seconds_count'), { 'mode="snapshot"': 1 })
})

test('what pages request beyond the snapshot is counted and timed', async () => {
  client.send({ type: 'orders', ids: ['A-1'] })
  expect(await client.next('orders')).toMatchObject({ orders: [{ orderId: 'A-1' }] })

  await expectValues(() => gateway('order_requests_total'), { 'type="orders",outcome="served"': 1 })
  await expectValues(() => gateway('order_request_duration_seconds_count'), { 'type="orders"': 1 })
})

test('what is refused is counted, also before a handler sees it', async () => {
  await system.webhook({ order_id: '12345', status: 'Partial' }, 'a-wrong-token')
  await fetch(`${system.ingest.url}/webhooks/godofpanel`, { method: 'POST', body: 'x'.repeat(70_000) })
  await system.webhook({ order_id: '12345', link: 'x'.repeat(70_000) })

  await expectValues(
    () => ingest('webhook_duration_seconds_count'),
    expect.objectContaining({ 'status="401"': 1, 'status="413"': 2 }),
  )
})

test('what waits for somebody is counted, with its age', async () => {
  await system.webhook({ order_id: 'not-registered', status: 'Canceled' })
  await system.webhook({ order_id: '12345', status: 'Completed' })
  await system.database.owner.query(
    `UPDATE deliveries SET received_at = now() - interval '1 hour' WHERE outcome = 'parked'`,
  )

  await expectValues(() => ingest('parked_deliveries'), { '': 1 })
  expect((await ingest('parked_age_seconds'))['']).toBeGreaterThanOrEqual(3600)
  await system.database.owner.query(`
    INSERT INTO erasures (erasure_id, user_id, pseudonym, requested_at, actor, actor_name)
    VALUES (gen_random_uuid(), 'gone', 'erased-gone', now() - interval '2 minutes', 'a', 'a')`)
  await expectValues(() => ingest('erasures_unfinished'), { '': 1 })
  expect((await ingest('erasure_age_seconds'))['']).toBeGreaterThanOrEqual(120)
  await expectValues(() => ingest('open_reviews'), { 'reason="contradiction"': 1 })
  await expectValues(() => ingest('reviews_opened_total'), { 'reason="contradiction"': 1 })
  await expectValues(() => ingest('backlog_readable'), { '': 1 })
  expect((await ingest('outbox_age_seconds'))['']).toBeLessThan(60)
})

test('days without maintenance are seen', async () => {
  const { owner } = system.database
  const days = async (): Promise<number | undefined> => (await ingest('event_partition_days'))['']
  const partitionOf = (daysAhead: number): string =>
    `events_${new Date(Date.now() + daysAhead * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '_')}`
  await stayWithinOneDay()
  await maintainPartitions(owner, new Date())
  expect(await days()).toBe(8)
  await owner.query(`DROP TABLE ${partitionOf(7)}, ${partitionOf(5)}`)
  expect(await days()).toBe(5)
})

test('closes are counted by their code, and resumes by their mode', async () => {
  const { epoch, seq } = await (async () => {
    const other = await connectSocket(system.gateway.url, { token: await mintToken('user-1') })
    const welcome = await other.next('welcome')
    other.close()
    return welcome
  })()
  const resumed = await connectSocket(system.gateway.url, { token: await mintToken('user-1'), resume: { epoch, seq } })
  expect(await resumed.next('welcome')).toMatchObject({ mode: 'resumed' })
  resumed.send('no message of ours')
  await resumed.closed()
  const stranger = await connectSocket(system.gateway.url, { token: 'no token' })
  await stranger.closed()

  await eventually(async () => (await gateway('connections'))[''] === 1)
  await expectValues(() => gateway('closes_total'), {
    'code="1006",reason="client"': 1,
    'code="4500",reason="invalid_token"': 1,
    'code="4501",reason="protocol_error"': 1,
  })
  await expectValues(() => gateway('join_duration_seconds_count'), { 'mode="snapshot"': 2, 'mode="resumed"': 1 })
})

test('a webhook is found in the logs of both services by its trace', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await system.register({ orderId: 'A-2', providerOrderId: '777' })
  await fetch(`${system.ingest.url}/webhooks/godofpanel/${system.env['WEBHOOK_TOKENS']}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({ order_id: '777', status: 'canceled' }),
  })
  await client.next('event', (event) => event.event === 'order.updated' && event.order.orderId === 'A-2')
  const lines = (output: string): Record<string, unknown>[] =>
    output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))

  const committed = await eventually(() => lines(system.ingest.output()).find((line) => line['trace_id'] === traceId))
  expect(committed).toMatchObject({ orderId: '777', outcome: 'applied', userId: 'user-1', seq: expect.any(Number) })
  const { userId, seq } = committed
  const forwarded = await eventually(() =>
    lines(system.gateway.output()).find((line) => line['msg'] === 'event forwarded' && line['seq'] === seq),
  )
  expect(forwarded).toMatchObject({ userId })
})

test('infra/docs/metrics.md lists every metric with its labels', async () => {
  const documented = [...METRICS_DOC.matchAll(/^\| `(paxyo_(?:ingest|gateway)_\w+)` \| (\w+) \| ([^|]*) \|/gm)].map(
    ([, name, type, labels]) => `${name} ${type} ${labels!.replaceAll('`', '').trim()}`,
  )
  const shown = await Promise.all(Object.values(texts).map((text) => text()))
  const metrics = shown.flatMap((text) =>
    [...text.matchAll(/^# TYPE (paxyo_\w+) (\w+)$/gm)].map(
      ([, name, type]) => `${name} ${type} ${labelsOf(text, name!)}`,
    ),
  )

  // Without the right pg_read_all_stats, which the login of the tests does not have, nothing is known of standbys.
  const known = metrics.map((line) => line.replace(/(database_standbys gauge) –/, '$1 kind'))
  expect(documented.toSorted()).toEqual(known.toSorted())
})

const METRICS_DOC = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8')
/** Metrics that this file does not increment show no labels. */
const LABELS_UNSEEN: Record<string, string> = {
  paxyo_ingest_batch_failures_total: 'reason',
  paxyo_ingest_reconcile_asked_total: 'provider',
  paxyo_ingest_reconcile_changed_total: 'provider',
  paxyo_ingest_reconcile_late_total: 'provider',
  paxyo_ingest_reconcile_failures_total: 'provider, reason',
  paxyo_gateway_upgrades_rejected_total: 'reason',
}

function labelsOf(text: string, metric: string): string {
  const [, labels = ''] = new RegExp(`^${metric}(?:_count)?\\{([^}]*)\\}`, 'm').exec(text) ?? []
  const names = [...labels.matchAll(/(\w+)=/g)].map(([, name]) => name!).filter((name) => name !== 'service')
  return LABELS_UNSEEN[metric] ?? (names.join(', ') || '–')
}
