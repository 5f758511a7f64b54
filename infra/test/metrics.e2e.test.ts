import { expect, test } from '@jest/globals'
import { createTestDatabase, freePort, sharedRedisUrl, startService, TEST_JWT_SECRET } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'

test.each([
  ['webhook-ingest', ['paxyo_ingest_waiting_deliveries']],
  ['ws-gateway', ['paxyo_gateway_connections', 'paxyo_gateway_pubsub_probe_age_seconds']],
] as const)('%s says how it is, on a port of its own', async (name, metrics) => {
  await using database = await createTestDatabase()
  const port = await freePort()
  await using service = await startService(name, {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
    METRICS_PORT: String(port),
  })
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()

  for (const metric of [...metrics, 'nodejs_eventloop_lag_seconds']) {
    expect(text).toMatch(new RegExp(`^${metric}\\{service="${name}"\\} \\d`, 'm'))
  }
  expect((await fetch(`${service.url}/metrics`)).status).toBe(404)
})
