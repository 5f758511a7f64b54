import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, mintToken, type TestSocket } from '@paxyo/testkit'
import { Registry } from 'prom-client'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'

const EVENT_BYTES = 64 * 1024
/** Far more than the kernel buffers. */
const EVENTS = 160

let gateway: GatewayFixture
beforeAll(async () => {
  gateway = await startGateway()
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
  const bufferedBytesMax = 64 * 1024
  await using small = await startGateway({ limits: { bufferedBytesMax, heldBytesMax: 10 * EVENT_BYTES } })
  await small.ingest.openAccount('big')
  // Far more than the kernel buffers, and than the limit.
  const { epoch } = await small.connect('big').then((client) => client.next('welcome'))
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
  await small.ingest.commitAndPublish('big', 1, { linkLength: 2 * bufferedBytesMax })
  await eventually(() => count('reason="slow_consumer"} 1'))
  client.socket.resume()
  expect(await client.closed()).toEqual({ code: 4001, reason: 'slow_consumer' })
  expect(seqsOf(client).slice(0, EVENTS)).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1))
})
