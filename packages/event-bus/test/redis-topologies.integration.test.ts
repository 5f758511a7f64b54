import { afterAll, describe, expect, test } from '@jest/globals'
import { userChannel, type BusMessage } from '@paxyo/contracts'
import {
  eventually,
  freePort,
  moveSlots,
  startRedisCluster,
  startRedisSentinels,
  type RedisServer,
} from '@paxyo/testkit'
import { Redis } from 'ioredis'
import { once } from 'node:events'
import { connect as connectTo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventPublisher, EventSubscriber } from '../src/event-bus.ts'
import { createRedisBus } from '../src/redis-bus.ts'
import type { RedisBusOptions } from '../src/redis-bus-options.ts'

/** Enough for every shard, and so for every node. */
const CHANNELS = Array.from({ length: 1_000 }, (_, index) => userChannel(`user-${index}`))
/** How long a message may take before it is published again. */
const DELIVERY_TIMEOUT_MS = 10_000
/** After a failover ioredis keeps timers for closed connections to sentinels for this time. */
const SENTINEL_TIMERS_MS = 2_000

interface Ends extends AsyncDisposable {
  readonly publisher: EventPublisher
  readonly subscriber: EventSubscriber
  readonly received: string[]
  restores: number
}

async function connect(options: Pick<RedisBusOptions, 'url' | 'topology'>): Promise<Ends> {
  const bus = createRedisBus({ ...options, channelPrefix: 'paxyo:', onError: () => undefined })
  const received: string[] = []
  const publisher = bus.connectPublisher()
  const subscriber = bus.connectSubscriber({
    onMessage: (channel) => received.push(channel),
    onRestored: () => (ends.restores += 1),
  })
  const ends: Ends = {
    publisher,
    subscriber,
    received,
    restores: 0,
    async [Symbol.asyncDispose]() {
      await Promise.all([publisher.close(), subscriber.close()])
    },
  }
  await Promise.all([
    new Promise<void>((ready) => publisher.onReady(ready)),
    ...CHANNELS.map((channel) => subscriber.subscribe(channel)),
  ])
  return ends
}

/**
 * Publishes on every channel until each message has arrived: while slots move, messages may be rejected, and the
 * subscriber may lose messages and call `onRestored` again.
 */
async function expectDelivery({ publisher, received }: Ends): Promise<void> {
  received.length = 0
  const messages: BusMessage[] = CHANNELS.map((channel) => ({ channel, payload: 'hello' }))
  await eventually(async () => {
    await publisher.publish(messages)
    await eventually(() => new Set(received).size === CHANNELS.length, DELIVERY_TIMEOUT_MS)
    return true
  })
  expect(new Set(received)).toEqual(new Set(CHANNELS))
}

/** Waits until the subscriber has called `onRestored` and is ready. */
async function expectRestored(ends: Ends, restores: number): Promise<void> {
  await eventually(() => ends.restores > restores && ends.subscriber.isReady)
}

async function on<T>(server: RedisServer, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url)
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

describe('a cluster', () => {
  test('serves every channel at the node that has its slot, and only there', async () => {
    await using cluster = await startRedisCluster()
    await using ends = await connect({ url: cluster.url, topology: 'cluster' })
    await expectDelivery(ends)
    expect(ends.received).toHaveLength(CHANNELS.length)
    expect(ends.restores).toBe(0)

    const channelCounts = (): Promise<number[]> =>
      Promise.all(
        cluster.servers.map((server) =>
          on(server, async (redis) => ((await redis.call('PUBSUB', 'SHARDCHANNELS')) as string[]).length),
        ),
      )
    const counts = await channelCounts()
    expect(counts.slice(0, 3).every((count) => count > 0)).toBe(true)
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
    expect(sum(counts)).toBe(CHANNELS.length)

    for (const channel of CHANNELS.slice(1)) ends.subscriber.unsubscribe(channel)
    await eventually(async () => sum(await channelCounts()) === 1)
    ends.received.length = 0
    await ends.publisher.publish(CHANNELS.toReversed().map((channel) => ({ channel, payload: 'hello' })))
    await eventually(() => ends.received.length > 0)
    expect(ends.received).toEqual([CHANNELS[0]])
  })

  test('goes on when the master of a slot is killed, and says that messages may be missing', async () => {
    await using cluster = await startRedisCluster()
    await using ends = await connect({ url: cluster.url, topology: 'cluster' })
    const [, master] = cluster.servers
    master!.process.kill('SIGKILL')
    await eventually(() => !ends.subscriber.isReady)
    await expectRestored(ends, 0)
    await expectDelivery(ends)

    // The old master comes back as a replica, and its successor dies.
    await master!.restart()
    await eventually(() =>
      on(master!, (redis) => redis.info('replication')).then((info) => info.includes('master_link_status:up')),
    )
    const { restores } = ends
    cluster.servers[4]!.process.kill('SIGKILL')
    await eventually(() => !ends.subscriber.isReady)
    await expectRestored(ends, restores)
    await expectDelivery(ends)
    expect(ends.restores).toBeGreaterThan(restores)
  })

  test('goes on when the master of a slot hangs, which breaks no connection', async () => {
    await using cluster = await startRedisCluster()
    await using ends = await connect({ url: cluster.url, topology: 'cluster' })
    const { received } = ends
    cluster.servers[1]!.process.kill('SIGSTOP')
    await expectRestored(ends, 0)
    await expectDelivery(ends)
    expect(new Set(received)).toEqual(new Set(CHANNELS))
  }, 90_000)

  test('is not ready while the network to one node loses every packet, which breaks no connection', async () => {
    await using cluster = await startRedisCluster({ hasProxies: true })
    await using ends = await connect({ url: cluster.url, topology: 'cluster' })
    await expectDelivery(ends)
    const [, proxy] = cluster.proxies
    // Only for this subscriber, so that no other client notices, and nothing fails over.
    proxy!.hold((opening) => opening.includes('paxyo-subscriber'))
    await eventually(() => !ends.subscriber.isReady)
    expect(ends.publisher.isReady).toBe(true)
    proxy!.release()
    await eventually(() => ends.subscriber.isReady)
    await expectDelivery(ends)
  })

  test('follows slots that are moved by hand while everybody lives', async () => {
    // A failover on a busy machine would move them before.
    await using cluster = await startRedisCluster({ canFailOver: false })
    await using ends = await connect({ url: cluster.url, topology: 'cluster' })
    const masters = cluster.servers.slice(0, 3)
    await moveSlots(masters, masters[0]!, masters[2]!)
    await expectRestored(ends, 0)
    await expectDelivery(ends)
    const left = await on(masters[0]!, (redis) => redis.call('PUBSUB', 'SHARDCHANNELS'))
    expect(left).toEqual([])
  })

  test('may be down at the start', async () => {
    await using cluster = await startRedisCluster()
    for (const server of cluster.servers) server.process.kill('SIGSTOP')
    const bus = createRedisBus({
      url: cluster.url,
      topology: 'cluster',
      channelPrefix: 'paxyo:',
      onError: () => undefined,
    })
    const received: string[] = []
    const subscriber = bus.connectSubscriber({
      onMessage: (channel) => received.push(channel),
      onRestored: () => undefined,
    })
    const publisher = bus.connectPublisher()
    const subscribing = subscriber.subscribe(CHANNELS[0]!)
    await sleep(500)
    expect(subscriber.isReady).toBe(false)
    for (const server of cluster.servers) server.process.kill('SIGCONT')
    await subscribing
    await eventually(() => publisher.publish([{ channel: CHANNELS[0]!, payload: 'hello' }]).then(() => true))
    await eventually(() => received.length > 0)
    await Promise.all([publisher.close(), subscriber.close()])
  })
})

describe('a master that sentinels name', () => {
  afterAll(() => sleep(SENTINEL_TIMERS_MS))

  test('is followed over a failover', async () => {
    await using group = await startRedisSentinels()
    await using ends = await connect({ url: group.url, topology: 'sentinel' })
    await expectDelivery(ends)
    group.servers[0]!.process.kill('SIGKILL')
    await eventually(() => !ends.subscriber.isReady)
    await expectRestored(ends, 0)
    await expectDelivery(ends)
    expect(await on(group.servers[1]!, (redis) => redis.info('replication'))).toContain('role:master')
  })

  test('is connected again after a connection was cut while it was made', async () => {
    await using group = await startRedisSentinels()
    await using ends = await connect({ url: group.url, topology: 'sentinel' })
    for (let cut = 0; cut < 20; cut += 1) {
      const { restores } = ends
      // The first cut ends the connection, the second one comes while the sentinels are asked for the next.
      ends.subscriber.reconnect()
      await eventually(() => !ends.subscriber.isReady || ends.restores > restores)
      ends.subscriber.reconnect()
      await expectRestored(ends, restores)
    }
    expect(ends.subscriber.isReady).toBe(true)
    await expectDelivery(ends)
  })

  test('is found when no sentinel was there for a time', async () => {
    await using group = await startRedisSentinels()
    const port = await freePort()
    const errors: Error[] = []
    const bus = createRedisBus({
      url: `redis://127.0.0.1:${port}`,
      topology: 'sentinel',
      channelPrefix: 'paxyo:',
      onError: (error) => errors.push(error),
    })
    const publisher = bus.connectPublisher()
    const ready = new Promise<void>((resolve) => publisher.onReady(resolve))
    await eventually(
      () => errors.filter(({ message }) => message.startsWith('All sentinels are unreachable')).length > 3,
    )
    const sentinel = createServer((client) => {
      const server = connectTo(Number(new URL(group.sentinels[0]!.url).port), '127.0.0.1')
      for (const socket of [client, server]) socket.on('error', () => undefined)
      client.pipe(server).pipe(client)
    }).listen(port, '127.0.0.1')
    await once(sentinel, 'listening')
    await ready
    await expect(publisher.publish([{ channel: CHANNELS[0]!, payload: 'hello' }])).resolves.not.toThrow()
    await publisher.close()
    sentinel.close()
  })

  test('is found though a sentinel says nothing', async () => {
    await using group = await startRedisSentinels()
    group.sentinels[0]!.process.kill('SIGSTOP')
    await using ends = await connect({ url: group.url, topology: 'sentinel' })
    await expectDelivery(ends)
    expect(ends.restores).toBe(0)
  })
})
