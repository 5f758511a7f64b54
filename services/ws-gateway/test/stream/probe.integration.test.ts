import { expect, test } from '@jest/globals'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, startChaosProxy, startRedisServer } from '@paxyo/testkit'
import { startProbe } from '../../src/stream/probe.ts'

test('a bus that looks well but delivers nothing is noticed, and connected to anew', async () => {
  const redis = await startRedisServer()
  // Between the subscriber and Redis stands something that forgets about the connection without a word.
  const proxy = await startChaosProxy(redis.port)
  const received: string[] = []
  let restores = 0
  const publisher = createRedisBus({
    url: redis.url,
    channelPrefix: 'paxyo:',
    onError: () => undefined,
  }).connectPublisher()
  const subscriber = createRedisBus({
    url: `redis://127.0.0.1:${proxy.port}`,
    channelPrefix: 'paxyo:',
    onError: () => undefined,
  }).connectSubscriber({
    onMessage(channel) {
      received.push(channel)
      probe.received()
    },
    onRestored: () => (restores += 1),
  })
  const probe = startProbe({ publisher, subscriber, gatewayId: 'test', now: () => performance.now(), intervalMs: 50 })
  try {
    await eventually(() => received.length > 3 && probe.isAlive)
    expect(probe.ageMs).toBeLessThan(1_000)

    proxy.delayMs = 60_000
    await eventually(() => !probe.isAlive)

    proxy.delayMs = 0
    await eventually(() => restores === 1 && probe.isAlive)
    expect(received.every((channel) => channel === probe.channel)).toBe(true)
  } finally {
    probe.stop()
    await Promise.all([publisher.close(), subscriber.close()])
    await proxy[Symbol.asyncDispose]()
    await redis.stop()
  }
})
