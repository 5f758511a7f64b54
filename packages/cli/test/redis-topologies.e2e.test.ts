import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { userChannel } from '@paxyo/contracts'
import { createRedisBus, type RedisTopology } from '@paxyo/event-bus'
import {
  createTestDatabase,
  eventually,
  startRedisCluster,
  startRedisSentinels,
  type RedisServers,
  type TestDatabase,
} from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Diagnostic } from '@paxyo/database/diagnostic'
import { runDoctor } from '../src/doctor/run-doctor.ts'
import { startPaxyo } from './paxyo-process.ts'
import { paxyo } from './paxyo.ts'

// Both commands that use Redis find it as the services do.

/** How long ioredis keeps timers for closed connections to sentinels. */
const SENTINEL_TIMERS_MS = 2_000

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await sleep(SENTINEL_TIMERS_MS)
})

const EVENT = {
  type: 'event',
  seq: 1,
  event: 'account.updated',
  at: '2026-11-22T18:00:00.000Z',
  account: { balance: '1', currency: 'USD' },
}
const EVENT_LINE = '2026-11-22T18:00:00.000Z  user-7  seq 1  account.updated  balance 1 USD\n'

const environment = (servers: RedisServers, topology: RedisTopology): Record<string, string> => ({
  DATABASE_URL: database.url,
  REDIS_URL: servers.url,
  REDIS_TOPOLOGY: topology,
})

/** Publishes as webhook-ingest does, and waits until the event is received. */
async function publish(servers: RedisServers, topology: RedisTopology, isSeen: () => boolean): Promise<void> {
  const bus = createRedisBus({ url: servers.url, topology, channelPrefix: 'paxyo:', onError: () => undefined })
  const publisher = bus.connectPublisher()
  try {
    await new Promise<void>((ready) => publisher.onReady(ready))
    await publisher.publish(
      ['user-7', 'user-8'].map((user) => ({ channel: userChannel(user), payload: JSON.stringify(EVENT) })),
    )
    await eventually(isSeen)
  } finally {
    await publisher.close()
  }
}

async function diagnoseRedis(env: Record<string, string>): Promise<Record<string, Diagnostic>> {
  const { diagnostics } = await runDoctor(env)
  const ofRedis = diagnostics.filter(({ check }) => check.startsWith('redis') || check === 'pub-sub')
  return Object.fromEntries(ofRedis.map((diagnostic) => [diagnostic.check, diagnostic]))
}

const ok = (message: string | RegExp) =>
  expect.objectContaining({ status: 'ok', message: expect.stringMatching(message) })

describe('a cluster', () => {
  let cluster: RedisServers
  let env: Record<string, string>
  beforeAll(async () => {
    cluster = await startRedisCluster()
    // The first of the named nodes may be missing.
    env = environment({ ...cluster, url: `redis://127.0.0.1:1,${cluster.url}` }, 'cluster')
  })
  afterAll(async () => cluster[Symbol.asyncDispose]())

  test("tail follows a user's channel at the node that has it, and says that it cannot follow all", async () => {
    const one = startPaxyo(['tail', '--user', 'user-7'], env)
    await eventually(() => one.stderr() === 'following user-7\n')
    await publish(cluster, 'cluster', () => one.stdout() !== '')
    one.child.kill('SIGINT')
    expect((await one.ended).stdout).toBe(EVENT_LINE)

    const all = await paxyo(['tail'], env)
    expect([all.code, all.stderr]).toEqual([2, expect.stringContaining('Name a user: --user')])
  })

  test('doctor looks at it, and at what is down', async () => {
    expect(await diagnoseRedis(env)).toEqual({
      redis: ok(/^connected to 127\.0\.0\.1:\d+, the node of the cluster that has the channel/),
      'redis-cluster': ok('3 masters, 6 nodes'),
      'redis-version': ok('Redis'),
      'redis-clock': ok(''),
      'pub-sub': ok('a message arrived'),
    })
    // A master and its replica.
    for (const index of [1, 4]) cluster.servers[index]!.process.kill('SIGKILL')
    await eventually(async () => {
      const diagnostics = await diagnoseRedis(env)
      expect([diagnostics['redis-cluster'], diagnostics['redis']]).toContainEqual(
        expect.objectContaining({ status: 'failed', hint: expect.any(String) }),
      )
      return true
    }, 30_000)
  })

  test('a server that is none is named', async () => {
    await using group = await startRedisSentinels()
    const alone = { ...env, REDIS_URL: group.servers[0]!.url }
    expect(await diagnoseRedis(alone)).toEqual({
      redis: expect.objectContaining({ status: 'failed', message: 'this Redis is not a cluster' }),
    })
    const { code, stderr } = await paxyo(['tail'], { REDIS_URL: 'redis://a,redis://b' })
    expect([code, stderr]).toEqual([2, expect.stringContaining('REDIS_TOPOLOGY must be sentinel or cluster')])
  })
})

test('a master that sentinels name', async () => {
  await using group = await startRedisSentinels()
  const env = environment(group, 'sentinel')
  const all = startPaxyo(['tail'], env)
  await eventually(() => all.stderr() === 'following all users\n')
  await publish(group, 'sentinel', () => all.stdout().split('\n').length === 3)
  all.child.kill('SIGINT')
  expect((await all.ended).stdout).toBe(EVENT_LINE + EVENT_LINE.replace('user-7', 'user-8'))

  expect(await diagnoseRedis(env)).toMatchObject({
    redis: ok(`^connected to 127.0.0.1:${group.servers[0]!.port}, the master "mymaster" of the sentinels$`),
    'pub-sub': ok('a message arrived'),
  })
  expect(await diagnoseRedis({ ...env, REDIS_SENTINEL_NAME: 'another' })).toEqual({
    redis: expect.objectContaining({
      status: 'failed',
      message: expect.stringContaining('no master called "another"'),
    }),
  })
  expect(await diagnoseRedis({ ...env, REDIS_URL: 'redis://127.0.0.1:1,redis://127.0.0.1:2' })).toEqual({
    redis: expect.objectContaining({ status: 'failed', message: expect.stringMatching('^no sentinel responds at') }),
  })
})
