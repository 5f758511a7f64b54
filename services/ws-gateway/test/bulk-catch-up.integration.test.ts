import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { userChannel } from '@paxyo/contracts'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, mintToken, startRedisServer, type RedisServer, type TestSocket } from '@paxyo/testkit'
import { startGateway, type GatewayFixture } from './gateway-fixture.ts'

const USERS = 2_000
const CONNECTING_AT_ONCE = 200

let redis: RedisServer
let gateway: GatewayFixture
beforeEach(async () => {
  redis = await startRedisServer()
  gateway = await startGateway({
    bus: createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined }),
    limits: { helloTimeoutMs: 60_000 },
  })
})
afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
  await redis.stop()
})

const isReady = async (): Promise<boolean> => (await fetch(`${gateway.url}/readyz`)).ok

test('thousands of users who missed something are caught up by a few queries', async () => {
  await eventually(isReady)
  await gateway.database.owner.query(
    `INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(1, $1) AS n`,
    [USERS],
  )
  const tokens = await Promise.all(Array.from({ length: USERS }, (_, index) => mintToken(`user-${index + 1}`)))
  const clients: TestSocket[] = []
  while (clients.length < USERS)
    clients.push(...(await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, () => gateway.open()))))
  const queriesBeforeJoining = gateway.queryCount()
  clients.forEach((client, index) => client.send({ type: 'hello', token: tokens[index]! }))
  await eventually(() => clients.every(({ messages }) => messages.length > 0), 60_000)
  const joining = gateway.queryCount() - queriesBeforeJoining

  redis.process.kill('SIGKILL')
  await eventually(async () => !(await isReady()))
  // Everybody's next event is committed while nobody can be told.
  await gateway.database.owner.query(
    `WITH head AS (UPDATE accounts SET last_seq = 1 RETURNING user_id)
     INSERT INTO events (user_id, seq, at, payload)
     SELECT user_id, 1, now(), '{"type":"event","seq":1,"event":"account.updated","at":"2026-11-22T18:00:00.000Z",'
       || '"account":{"balance":"0","currency":"USD"}}' FROM head`,
  )
  const queriesBefore = gateway.queryCount()
  await redis.restart()
  const backAt = performance.now()
  await eventually(() => clients.every((client) => client.events().length === 1), 60_000)
  const catchUpMs = Math.round(performance.now() - backAt)
  const catchingUp = gateway.queryCount() - queriesBefore

  process.stderr.write(`${USERS} users: ${joining} queries to join, ${catchingUp} to catch up in ${catchUpMs} ms\n`)
  expect(joining).toBeLessThan(USERS / 10)
  expect(catchingUp).toBeLessThan(20)
  expect(clients.every(({ socket }) => socket.readyState === socket.OPEN)).toBe(true)
}, 120_000)

test('a gateway that Redis cuts off for reading too slowly loses nothing, and no browser notices', async () => {
  await redis.stop()
  redis = await startRedisServer(['--client-output-buffer-limit', 'pubsub 1mb 1mb 1'])
  await gateway[Symbol.asyncDispose]()
  const publishTo = createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined })
  const bus = createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined })
  gateway = await startGateway({ bus, publishTo })
  await eventually(isReady)
  await gateway.books.openAccount('user-1')
  const client = await gateway.connect('user-1')
  await client.next('welcome')

  // While the gateway is kept busy, more is published than Redis keeps for it: what it does not know, it passes over.
  const flood = Array.from({ length: 300 }, () => ({ channel: userChannel('user-1'), payload: 'x'.repeat(100_000) }))
  const publisher = publishTo.connectPublisher()
  await eventually(() => publisher.isReady)
  const flooding = publisher.publish(flood)
  const committed = gateway.books.commit('user-1', 20)
  blockEventLoop(1_500)
  await Promise.allSettled([flooding, committed])

  await eventually(() => client.events().length === 20)
  expect(client.events().map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  expect(client.socket.readyState).toBe(client.socket.OPEN)
  await publisher.close()
}, 60_000)

/** What a long garbage collection or a stopped process is to Redis. */
function blockEventLoop(durationMs: number): void {
  const until = performance.now() + durationMs
  while (performance.now() < until);
}
