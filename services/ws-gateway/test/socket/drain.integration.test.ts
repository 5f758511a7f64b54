import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { eventually, type TestSocket } from '@paxyo/testkit'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'

let gateway: GatewayFixture
beforeEach(async () => {
  gateway = await startGateway({ limits: { pingIntervalMs: 500, helloTimeoutMs: 60_000 } })
})
afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
})

test('everybody is told when to come back and sent elsewhere, evenly over the time', async () => {
  const clients: TestSocket[] = []
  for (const userId of ['a', 'b', 'c', 'd']) clients.push(await gateway.connect(userId))
  for (const client of clients) await client.next('welcome')
  // A connection that has sent nothing yet is closed too.
  clients.push(await gateway.open())
  const startedAt = performance.now()
  const drained = gateway.gateway.close(10_000)
  const closings = clients.map(async (client) => ({
    ...(await client.closed()),
    afterMs: performance.now() - startedAt,
  }))

  const announced = await Promise.all(clients.map(async (client) => (await client.next('drain')).retryAfterMs))
  // All are announced at once, and not each when its turn comes.
  expect(performance.now() - startedAt).toBeLessThan(announced.at(-1)!)
  expect(announced).toEqual([0, 2_000, 4_000, 6_000, 8_000])
  await expect(gateway.open()).rejects.toThrow('with 503')
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200)

  for (const [index, { code, reason, afterMs }] of (await Promise.all(closings)).entries()) {
    expect({ code, reason }).toEqual({ code: 4000, reason: 'draining' })
    expect(afterMs).toBeGreaterThanOrEqual(announced[index]! - 2)
  }
  await drained
  await expect(gateway.open()).rejects.toThrow('with 503')
})

test('until its turn comes a client goes on getting events and pings', async () => {
  await gateway.ingest.openAccount('patient')
  const first = await gateway.connect('hasty')
  const client = await gateway.connect('patient')
  await Promise.all([first.next('welcome'), client.next('welcome')])
  const drained = gateway.gateway.close(12_000)
  await first.closed()
  await gateway.ingest.commitAndPublish('patient')

  expect(await client.next('event')).toMatchObject({ seq: 1 })
  const { pings } = client
  await eventually(() => client.pings > pings)
  expect(await client.closed()).toMatchObject({ code: 4000 })
  await drained
})

test('without time everybody goes at once', async () => {
  const clients = await Promise.all(['a', 'b', 'c'].map((userId) => gateway.connect(userId)))
  for (const client of clients) await client.next('welcome')
  await gateway.gateway.close(0)

  for (const client of clients) {
    expect(await client.closed()).toMatchObject({ code: 4000 })
    expect(client.messages.at(-2)).toEqual({ type: 'drain', retryAfterMs: 0 })
  }
})

test('connections that were opened together end at different times, each with a drain, before their maximum age', async () => {
  const connectionAgeMsMax = 8_000
  await using aging = await startGateway({ limits: { connectionAgeMsMax } })
  const clients = await Promise.all(Array.from({ length: 24 }, (_, index) => aging.connect(`user-${index}`)))
  const openedAt = performance.now()
  const endedAfterMs = await Promise.all(
    clients.map(async (client) => {
      expect(await client.closed(60_000)).toEqual({ code: 4000, reason: 'draining' })
      return performance.now() - openedAt
    }),
  )

  for (const client of clients) expect(await client.next('drain')).toEqual({ type: 'drain', retryAfterMs: 0 })
  // Opening took some time, too.
  expect(Math.min(...endedAfterMs)).toBeGreaterThan(connectionAgeMsMax / 4)
  expect(Math.max(...endedAfterMs) - Math.min(...endedAfterMs)).toBeGreaterThan(connectionAgeMsMax / 5)
}, 90_000)
