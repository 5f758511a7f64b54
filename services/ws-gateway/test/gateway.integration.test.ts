import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, startRedisServer, type RedisServer, type TestSocket } from '@paxyo/testkit'
import { EVENTS_MAX } from '../src/read/stream-reader.ts'
import type { CommittedEvent } from './test-ingest.ts'
import { startGateway, type GatewayFixture } from './gateway-fixture.ts'
import { holdReads } from './held-database.ts'

const USERS = 20
const EVENTS_EACH_TIME = 3

let redis: RedisServer
let gateway: GatewayFixture
beforeAll(async () => {
  redis = await startRedisServer()
  gateway = await startGateway({
    bus: createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined }),
  })
  await isReady()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await redis.stop()
})

const readiness = async (): Promise<{ status: number; checks: Record<string, string> }> => {
  const response = await fetch(`${gateway.url}/readyz`)
  const { checks } = (await response.json()) as { checks: Record<string, string> }
  return { status: response.status, checks }
}
const isReady = (): Promise<unknown> => eventually(async () => (await readiness()).checks['bus'] === 'ok')
const eventFrames = (client: TestSocket): string[] =>
  client.frames.filter((frame) => frame.startsWith('{"type":"event"'))

test('when Redis dies and comes back everybody is caught up, exactly once, without reconnecting', async () => {
  const userIds = Array.from({ length: USERS }, (_, index) => `user-${index}`)
  const committed = new Map<string, CommittedEvent[]>(userIds.map((userId) => [userId, []]))
  const commitForAll = async (): Promise<CommittedEvent[]> => {
    const events = await Promise.all(
      userIds.map(async (userId) => {
        const ofUser = await gateway.ingest.commit(userId, EVENTS_EACH_TIME)
        committed.get(userId)!.push(...ofUser)
        return ofUser
      }),
    )
    return events.flat()
  }
  const expectEverything = async (client: TestSocket, userId: string): Promise<void> => {
    const events = committed.get(userId)!
    await eventually(() => client.events().at(-1)?.seq === events.length)
    expect(eventFrames(client)).toEqual(events.map(({ payload }) => payload))
  }

  for (const userId of userIds) await gateway.ingest.openAccount(userId)
  const clients = await Promise.all(
    userIds.map(async (userId) => {
      const client = await gateway.connect(userId)
      await client.next('welcome')
      return { client, userId }
    }),
  )
  await gateway.ingest.publish(await commitForAll())
  for (const { client, userId } of clients) await expectEverything(client, userId)

  redis.process.kill('SIGKILL')
  const down = await eventually(async () => {
    const now = await readiness()
    return now.checks['bus'] !== 'ok' && now
  })
  expect(down).toEqual({ status: 200, checks: { draining: 'ok', database: 'ok', bus: 'degraded' } })
  // More events than one query reads, and no later event that would show the gap.
  committed.get(userIds[1]!)!.push(...(await gateway.ingest.commit(userIds[1]!, EVENTS_MAX)))
  const lost = await commitForAll()
  const publishing = gateway.ingest.publish(lost)
  expect(await Promise.allSettled([publishing])).toMatchObject([{ status: 'rejected' }])
  // Windows that open in the meantime: one of a connected user, one of a new user.
  const second = await gateway.connect(userIds[0]!)
  const welcome = await second.next('welcome')
  const newcomer = await gateway.connect('newcomer')

  const [, meanwhile] = await Promise.all([redis.restart(), commitForAll()])
  await isReady()
  // As the outbox does: these may be committed after the gateway has caught up.
  await eventually(() => gateway.ingest.publish(meanwhile).then(() => true))
  for (const { client, userId } of clients) await expectEverything(client, userId)

  // The publisher has its own connection, which may reconnect later.
  const events = await commitForAll()
  await eventually(() => gateway.ingest.publish(events).then(() => true))
  for (const { client, userId } of clients) {
    await expectEverything(client, userId)
    expect(client.socket.readyState).toBe(client.socket.OPEN)
  }
  expect(welcome.seq).toBe(2 * EVENTS_EACH_TIME)
  await second.next('event', ({ seq }) => seq === 12)
  expect(second.events().map(({ seq }) => seq)).toEqual([7, 8, 9, 10, 11, 12])
  expect(await newcomer.next('welcome')).toMatchObject({ userId: 'newcomer', seq: 0 })
})

test('when Redis dies and comes back while a page’s snapshot is being read, the page misses nothing either', async () => {
  await gateway.ingest.openAccount('unlucky')
  const reads = await holdReads(gateway.database)
  const client = await gateway.connect('unlucky')
  await eventually(() => reads.isReading())

  // Only this check: `/readyz` reads the database too, which is held.
  const busDelivers = (): boolean => gateway.gateway.readiness['bus']!() !== 'degraded'
  redis.process.kill('SIGKILL')
  await eventually(() => !busDelivers())
  const [lost] = await gateway.ingest.commit('unlucky')
  await redis.restart()
  await eventually(busDelivers)
  expect(client.messages).toEqual([])
  await reads.release()
  expect(await client.next('welcome')).toMatchObject({ seq: 0 })
  await client.next('event')
  expect(eventFrames(client)).toEqual([lost!.payload])
})
