import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { userChannel } from '@paxyo/contracts'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, mintToken, startRedisServer, type RedisServer, type TestSocket } from '@paxyo/testkit'
import { Redis } from 'ioredis'
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

const isReady = (): boolean => gateway.gateway.readiness['bus']!() !== 'degraded'

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
  await eventually(() => clients.every(({ messages }) => messages.length > 0))
  const joining = gateway.queryCount() - queriesBeforeJoining

  redis.process.kill('SIGKILL')
  await eventually(() => !isReady())
  // The next event of every user is committed while Redis is down.
  await gateway.database.owner.query(
    `WITH head AS (UPDATE accounts SET last_seq = 1 RETURNING user_id)
     INSERT INTO events (user_id, seq, at, payload)
     SELECT user_id, 1, now(), '{"type":"event","seq":1,"event":"account.updated","at":"2026-11-22T18:00:00.000Z",'
       || '"account":{"balance":"0","currency":"USD"}}' FROM head`,
  )
  const queriesBefore = gateway.queryCount()
  await redis.restart()
  const backAt = performance.now()
  await eventually(() => clients.every((client) => client.events().length === 1))
  const catchUpMs = Math.round(performance.now() - backAt)
  const catchingUp = gateway.queryCount() - queriesBefore

  process.stderr.write(`${USERS} users: ${joining} queries to join, ${catchingUp} to catch up in ${catchUpMs} ms\n`)
  expect(joining).toBeLessThan(USERS / 10)
  expect(catchingUp).toBeLessThan(20)
  expect(clients.every(({ socket }) => socket.readyState === socket.OPEN)).toBe(true)
})

test('a gateway that Redis cuts off for reading too slowly loses nothing, and no browser notices', async () => {
  await redis.stop()
  redis = await startRedisServer(['--client-output-buffer-limit', 'pubsub 1mb 1mb 1'])
  await gateway[Symbol.asyncDispose]()
  gateway = await startGateway({
    bus: createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined }),
  })
  await eventually(isReady)
  for (const userId of ['user-1', 'user-2']) await gateway.ingest.openAccount(userId)
  const client = await gateway.connect('user-1')
  await client.next('welcome')
  await (await gateway.connect('user-2')).next('welcome')

  const admin = new Redis(redis.url)
  const subscriberIds = async (): Promise<string[]> =>
    [...String(await admin.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB')).matchAll(/^id=(\d+)/gm)].map(([, id]) => id!)
  const before = await subscriberIds()
  // Not published: only what the gateway reads after it was cut off can bring these.
  await gateway.ingest.commit('user-1', 20)
  // One command publishes more than Redis buffers for a subscriber, which can't read meanwhile. What arrives of it is
  // for the other user, whose events the gateway then reads.
  const flood = `for _ = 1, 100 do redis.call('PUBLISH', KEYS[1], string.rep('x', 100000)) end`
  await admin.eval(flood, 1, `paxyo:${userChannel('user-2')}`)
  await eventually(async () => {
    const after = await subscriberIds()
    return after.length === before.length && after.some((id) => !before.includes(id))
  })
  admin.disconnect()

  await eventually(() => client.events().length === 20)
  expect(client.events().map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  expect(client.socket.readyState).toBe(client.socket.OPEN)
})
