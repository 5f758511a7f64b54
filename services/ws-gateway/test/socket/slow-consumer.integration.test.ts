import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually, mintToken, type TestSocket } from '@paxyo/testkit'
import { Registry } from 'prom-client'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'

const EVENT_BYTES = 64 * 1024
/** Far more than the kernel buffers. */
const EVENTS = 160

/** Far beyond the default, for events that are far larger than real ones. */
const LARGE_WELCOMES = {
  welcomeBytesMax: 64 * 1024 ** 2,
  unreadBytesPerUserMax: 1024 ** 3,
  unreadBytesTotalMax: 1024 ** 3,
}

let gateway: GatewayFixture
beforeAll(async () => {
  gateway = await startGateway({ limits: LARGE_WELCOMES })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

const seqsOf = (client: TestSocket): number[] => client.events().map(({ seq }) => seq)

test('who reads too slowly is sent away, misses nothing by it, and is nobody else’s trouble', async () => {
  await gateway.ingest.openAccount('user')
  await gateway.ingest.openAccount('other')
  const [slow, quick, other] = [
    await gateway.connect('user'),
    await gateway.connect('user'),
    await gateway.connect('other'),
  ]
  const [{ epoch }] = await Promise.all([slow.next('welcome'), quick.next('welcome'), other.next('welcome')])

  const registry = new Registry()
  gateway.gateway.addMetrics(registry)
  const isSentAway = async (): Promise<boolean> => (await registry.metrics()).includes('reason="slow_consumer"} 1')
  slow.socket.pause()
  const committed: string[] = []
  for (let seq = 1; seq <= EVENTS; seq += 1) {
    const [event] = await gateway.ingest.commitAndPublish('user', 1, { linkLength: EVENT_BYTES })
    committed.push(event!.payload)
    await quick.next('event', (received) => received.seq === seq)
    // Soon enough to receive the close frame: a client that reads nothing for seconds after that is disconnected without one.
    if (slow.socket.isPaused && (await isSentAway())) slow.socket.resume()
  }
  expect(slow.socket.isPaused).toBe(false)
  await gateway.ingest.commitAndPublish('other')
  await other.next('event')
  expect([quick, other].map(({ socket }) => socket.readyState)).toEqual([1, 1])

  expect(await slow.closed()).toEqual({ code: 4001, reason: 'slow_consumer' })
  expect(slow.events().length).toBeLessThan(EVENTS)

  // Every attempt makes progress, however many events were missed.
  const received = slow.frames.slice(1)
  for (let attempts = 1; received.length < EVENTS; attempts += 1) {
    expect(attempts).toBeLessThan(EVENTS)
    const again = await gateway.connect('user', { resume: { epoch, seq: received.length } })
    await eventually(() => again.events().at(-1)?.seq === EVENTS || again.socket.readyState === again.socket.CLOSED)
    expect(await again.next('welcome')).toMatchObject({ mode: 'resumed', seq: received.length })
    received.push(...again.frames.filter((frame) => frame.startsWith('{"type":"event"')))
    again.close()
  }
  expect(received).toEqual(committed)
  expect(seqsOf(quick)).toEqual(committed.map((_, index) => index + 1))
})

test('a large welcome does not count as unread', async () => {
  const unreadBytesPerConnectionMax = 64 * 1024
  await using small = await startGateway({
    limits: { ...LARGE_WELCOMES, unreadBytesPerConnectionMax, heldBytesMax: 10 * EVENT_BYTES },
  })
  await small.ingest.openAccount('big')
  // Far more than the kernel buffers, and than the limit.
  const first = await small.connect('big')
  const { epoch } = await first.next('welcome')
  // It would receive what comes, too, and the kernel does not always take an event beyond the limit at once.
  first.close()
  await eventually(() => small.gateway.connectionCount === 0)
  for (let count = 0; count < EVENTS; count += 1) await small.ingest.commit('big', 1, { linkLength: EVENT_BYTES })
  const client = await small.open()
  client.socket.pause()
  const registry = new Registry()
  small.gateway.addMetrics(registry)
  const count = async (text: string): Promise<boolean> => (await registry.metrics()).includes(text)
  client.send({ type: 'hello', token: await mintToken('big'), resume: { epoch, seq: 0 } })
  await eventually(() => count('join_duration_seconds_count{mode="resumed"} 1'))
  expect(await count('reason="slow_consumer"')).toBe(false)

  // What comes after it counts.
  await small.ingest.commitAndPublish('big', 1, { linkLength: 2 * unreadBytesPerConnectionMax })
  await eventually(() => count('reason="slow_consumer"} 1'))
  client.socket.resume()
  expect(await client.closed()).toEqual({ code: 4001, reason: 'slow_consumer' })
  expect(seqsOf(client).slice(0, EVENTS)).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1))
})

describe('a user with many connections that read nothing', () => {
  const CONNECTIONS = 50
  const ORDERS = 160
  /** Of a welcome: more than the kernel buffers for a connection. */
  const WELCOME_BYTES = ORDERS * EVENT_BYTES
  const limits = {
    welcomeBytesMax: 2 * WELCOME_BYTES,
    unreadBytesPerUserMax: 5 * WELCOME_BYTES,
    unreadBytesTotalMax: 20 * WELCOME_BYTES,
  }

  test('has its unread bytes bounded, round after round, while others join', async () => {
    await using small = await startGateway({ limits })
    const { ingest, database } = small
    for (const userId of ['greedy', 'other']) await ingest.openAccount(userId)
    for (let order = 0; order < ORDERS; order += 1) await ingest.insertOrder('greedy', { orderId: `g-${order}` })
    await database.owner.query(`UPDATE orders SET link = repeat('x', ${EVENT_BYTES}) WHERE user_id = 'greedy'`)
    const registry = new Registry()
    small.gateway.addMetrics(registry)
    const valueOf = async (name: string): Promise<number> => {
      const text = await registry.metrics()
      return Number(new RegExp(`^paxyo_gateway_${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
    }
    const token = await mintToken('greedy')
    const joinsBefore = await valueOf('join_duration_seconds_count')

    for (let round = 1; round <= 2; round += 1) {
      const greedy = await Promise.all(
        Array.from({ length: CONNECTIONS }, async () => {
          const client = await small.open()
          client.socket.pause()
          client.send({ type: 'hello', token })
          return client
        }),
      )
      await eventually(async () => (await valueOf('joins_waiting')) > 0 && (await valueOf('unread_bytes')) > 0)
      for (let joined = 0; joined < 5; joined += 1) {
        const other = await small.connect('other')
        expect(await other.next('welcome')).toMatchObject({ mode: 'snapshot', userId: 'other' })
        other.close()
      }
      // A few welcomes of all those that were asked for were read from the database.
      const joins = (await valueOf('join_duration_seconds_count')) - joinsBefore - 5 * round
      expect(joins).toBeLessThanOrEqual(round * 5)
      expect(await valueOf('unread_bytes')).toBeLessThanOrEqual(limits.unreadBytesPerUserMax)
      expect(await valueOf('joins_waiting')).toBeGreaterThanOrEqual(CONNECTIONS - 5)
      for (const client of greedy) client.close()
      await eventually(async () => small.gateway.connectionCount === 0 && (await valueOf('joins_waiting')) === 0)
      expect(await valueOf('unread_bytes')).toBe(0)
    }
  })
})
