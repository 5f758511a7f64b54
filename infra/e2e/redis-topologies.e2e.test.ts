import { afterEach, expect, test } from '@jest/globals'
import { eventually, startRedisCluster, startRedisSentinels, type RedisServers } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { startWatchingClient, type WatchingClient } from '../chaos/watching-client.ts'
import { startSystem, type System } from './system.ts'

const USERS = 60
const ORDERS_PER_USER = 4
const LOAD_MS = 8_000
/** On a busy machine the load continues until it has sent this many updates. */
const ACCEPTED_MIN = 500
const UPDATES_PER_ROUND = 20
/** So that the load lasts as long as the failover without taking all cores. */
const ROUND_PAUSE_MS = 100

let clients: WatchingClient[] = []
afterEach(() => {
  for (const client of clients) client.stop()
})

/** Sends updates; returns how many got a 200. */
async function load(system: System): Promise<number> {
  const end = performance.now() + LOAD_MS
  let accepted = 0
  for (let round = 0; performance.now() < end || accepted < ACCEPTED_MIN; round += 1) {
    const responses = await Promise.all(
      Array.from({ length: UPDATES_PER_ROUND }, (_, index) => {
        const user = (round * UPDATES_PER_ROUND + index) % USERS
        const order = Math.floor((round * UPDATES_PER_ROUND + index) / USERS) % ORDERS_PER_USER
        return system.webhook({ order_id: `${user}-${order}`, status: 'In progress', remains: 1000 - (round % 1000) })
      }),
    )
    accepted += responses.filter(({ status }) => status === 200).length
    await Promise.all(responses.map((response) => response.arrayBuffer()))
    await sleep(ROUND_PAUSE_MS)
  }
  return accepted
}

test.each<[string, () => Promise<RedisServers>, number]>([
  ['cluster', startRedisCluster, 1],
  ['sentinel', startRedisSentinels, 0],
])(
  'a %s whose master is killed under load: no client misses or doubles an event',
  async (topology, start, master) => {
    await using redis = await start()
    await using system = await startSystem({ redisUrl: redis.url, env: { REDIS_TOPOLOGY: topology } })
    clients = Array.from({ length: USERS }, (_, user) =>
      startWatchingClient(`user-${user}`, () => system.gateway.url, Math.random),
    )
    for (let user = 0; user < USERS; user += 1) {
      await Promise.all(
        Array.from({ length: ORDERS_PER_USER }, (_, order) =>
          system.register({
            orderId: `A-${user}-${order}`,
            providerOrderId: `${user}-${order}`,
            userId: `user-${user}`,
          }),
        ),
      )
    }
    await eventually(() => clients.every(({ connects }) => connects > 0))

    const loaded = load(system)
    await sleep(LOAD_MS / 4)
    redis.servers[master]!.process.kill('SIGKILL')
    expect(await loaded).toBeGreaterThanOrEqual(ACCEPTED_MIN)
    const cancels = await Promise.all(
      clients.map((_, user) => system.webhook({ order_id: `${user}-0`, status: 'canceled' })),
    )
    expect(new Set(cancels.map(({ status }) => status))).toEqual(new Set([200]))

    const { rows } = await system.database.owner.query<{ user_id: string; last_seq: string; balance: string }>(
      'SELECT user_id, last_seq, balance FROM accounts',
    )
    const lastSeqs = new Map(rows.map((row) => [row.user_id, Number(row.last_seq)]))
    await eventually(() => clients.every(({ userId, lastSeq }) => lastSeq === lastSeqs.get(userId)))
    for (const { userId, firstSeq, received } of clients) {
      const missing = lastSeqs.get(userId)! - firstSeq
      expect(received.map(({ seq }) => seq)).toEqual(
        Array.from({ length: missing }, (_, index) => firstSeq + 1 + index),
      )
    }
    expect(new Set(rows.map(({ balance }) => balance))).toEqual(new Set(['2.50000000']))
  },
  120_000,
)
