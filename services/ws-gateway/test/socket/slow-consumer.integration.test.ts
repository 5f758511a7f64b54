import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, type TestSocket } from '@paxyo/testkit'
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
