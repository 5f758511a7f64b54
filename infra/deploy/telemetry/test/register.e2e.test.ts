import { expect, test } from '@jest/globals'
import { createTestDatabase, eventually, sharedRedisUrl, startService, type ServiceProcess } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

// This test's collector receives the traces that webhook-ingest exports.

const REGISTER = new URL('../src/register.ts', import.meta.url).href
const TOKEN = 'a-webhook-token'
const PANEL_KEY = 'a-panel-api-key'
const TRACE = '0af7651916cd43dd8448eb211c80319c'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
}

interface Collector extends AsyncDisposable {
  readonly url: string
  /** The received requests, unchanged. */
  readonly bodies: string[]
  spans(): Span[]
}

async function startCollector(): Promise<Collector> {
  const bodies: string[] = []
  const server: Server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      bodies.push(await text(request))
      response.setHeader('content-type', 'application/json').end('{}')
    }
    void take()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    spans: () =>
      bodies.flatMap((body) =>
        (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(
          (resource) => resource.scopeSpans.flatMap((scope) => scope.spans),
        ),
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function start(databaseUrl: string, telemetry: Record<string, string>): Promise<ServiceProcess> {
  return startService('webhook-ingest', {
    DATABASE_URL: databaseUrl,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: TOKEN,
    PANEL_API_KEYS: PANEL_KEY,
    NODE_OPTIONS: `--import ${REGISTER}`,
    ...telemetry,
  })
}

function webhook(service: ServiceProcess, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${service.url}/webhooks/godofpanel/${TOKEN}?key=${TOKEN}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"order_id":"12345","status":"Canceled"}',
  })
}

const logLine = (service: ServiceProcess): Promise<Record<string, unknown>> =>
  eventually(() => {
    const line = service
      .output()
      .split('\n')
      .find((printed) => printed.includes('webhook committed'))
    return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>)
  })

test('a webhook, the statements and the commands that it led to are exported, and its token is not', async () => {
  await using collector = await startCollector()
  await using database = await createTestDatabase()
  await using service = await start(database.url, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  })
  // The webhook changes an order, so that an event is published.
  const order = { orderId: 'A-1', providerOrderId: '12345', userId: 'ann', service: 'x', link: 'y', quantity: 10 }
  const registered = await fetch(`${service.url}/v1/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${PANEL_KEY}` },
    body: JSON.stringify({ ...order, charge: '1', currency: 'USD' }),
  })
  expect(registered.status).toBe(201)
  expect((await webhook(service, { traceparent: `00-${TRACE}-b7ad6b7169203331-01` })).status).toBe(200)

  const server = await eventually(() =>
    collector.spans().find(({ traceId, name }) => traceId === TRACE && name.startsWith('POST')),
  )
  expect(server).toMatchObject({ parentSpanId: 'b7ad6b7169203331' })
  await eventually(() => collector.spans().some(({ name }) => name.startsWith('pg')))
  await eventually(() => collector.spans().some(({ name }) => name === 'publish'))
  expect(await logLine(service)).toMatchObject({ trace_id: TRACE, parent_span_id: server.spanId })
  expect(await service.end('SIGTERM')).toBe(0)
  expect(collector.bodies.join('')).toContain('webhook-ingest')
  expect(collector.bodies.join('')).not.toContain(TOKEN)
  expect(collector.bodies.join('')).not.toContain(PANEL_KEY)
})

test('without an endpoint nothing is exported, and the service is what it was', async () => {
  await using database = await createTestDatabase()
  await using service = await start(database.url, {})
  expect((await webhook(service)).status).toBe(200)
  expect(await logLine(service)).not.toHaveProperty('parent_span_id')
  expect(await service.end('SIGTERM')).toBe(0)
})
