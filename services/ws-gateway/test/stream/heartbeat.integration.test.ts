import { expect, test } from '@jest/globals'
import { createRedisBus } from '@paxyo/event-bus'
import { eventually, startChaosProxy, startRedisServer } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { startHeartbeat } from '../../src/stream/heartbeat.ts'

test('a bus that looks well but delivers nothing is noticed, and connected to anew', async () => {
  const redis = await startRedisServer()
  // A proxy between the subscriber and Redis stops forwarding silently.
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
    onMessage(channel, payload) {
      received.push(channel)
      heartbeat.received(payload)
    },
    onRestored: () => (restores += 1),
  })
  const heartbeat = startHeartbeat({
    publisher,
    subscriber,
    gatewayId: 'test',
    now: () => performance.now(),
    intervalMs: 50,
  })
  try {
    await eventually(() => received.length > 3 && heartbeat.isAlive)
    expect(heartbeat.ageMs).toBeLessThan(1_000)

    const restoresBefore = restores
    proxy.delayMs = 60_000
    await eventually(() => !heartbeat.isAlive && !subscriber.isReady)
    // Long enough for the next connection, which is accepted and receives nothing either.
    await sleep(500)
    expect(subscriber.isReady).toBe(false)

    proxy.delayMs = 0
    await eventually(() => restores > restoresBefore && heartbeat.isAlive)
    expect(received.every((channel) => channel === heartbeat.channel)).toBe(true)
  } finally {
    heartbeat.stop()
    await Promise.all([publisher.close(), subscriber.close()])
    await proxy[Symbol.asyncDispose]()
    await redis.stop()
  }
})

test('a process that stands still again and again keeps a connection that works', async () => {
  const redis = await startRedisServer()
  const bus = createRedisBus({ url: redis.url, channelPrefix: 'paxyo:', onError: () => undefined })
  let restores = 0
  const publisher = bus.connectPublisher()
  const subscriber = bus.connectSubscriber({
    onMessage: (_channel, payload) => heartbeat.received(payload),
    onRestored: () => (restores += 1),
  })
  // Long enough for Redis to respond between two heartbeats, also on a busy machine.
  const intervalMs = 400
  const heartbeat = startHeartbeat({
    publisher,
    subscriber,
    gatewayId: 'test',
    now: () => performance.now(),
    intervalMs,
  })
  try {
    await eventually(() => heartbeat.isAlive && subscriber.isReady)
    for (let turn = 0; turn < 4; turn += 1) {
      // Stands still without using the processor.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8 * intervalMs)
      // Some heartbeats, not all of them right after the pause.
      await sleep(2.6 * intervalMs)
    }

    await eventually(() => heartbeat.isAlive && subscriber.isReady)
    expect(restores).toBe(0)
  } finally {
    heartbeat.stop()
    await Promise.all([publisher.close(), subscriber.close()])
    await redis.stop()
  }
})
