import { afterEach, expect, jest, test } from '@jest/globals'
import type { EventPublisher, EventSubscriber } from '@paxyo/event-bus'
import { startHeartbeat } from '../../src/stream/heartbeat.ts'

afterEach(() => {
  jest.useRealTimers()
})

test('a bus that delivers everything late is not alive until it delivers in time', async () => {
  jest.useFakeTimers()
  let delayMs = 10
  const publisher: Pick<EventPublisher, 'publish'> = {
    async publish(messages) {
      for (const { payload } of messages) setTimeout(() => heartbeat.received(Buffer.from(payload)), delayMs)
    },
  }
  const subscriber = { isReady: true, subscribe: async () => undefined, reconnect: () => undefined }
  const heartbeat = startHeartbeat({
    publisher: publisher as EventPublisher,
    subscriber: subscriber as unknown as EventSubscriber,
    gatewayId: 'test',
    now: Date.now,
  })
  const after = async (ms: number) => {
    await jest.advanceTimersByTimeAsync(ms)
    return [heartbeat.isAlive, heartbeat.roundTripMs]
  }
  try {
    expect(await after(5_000)).toEqual([true, 10])
    delayMs = 2_000
    expect(await after(10_000)).toEqual([false, 2_000])
    delayMs = 10
    expect(await after(5_000)).toEqual([true, 10])
  } finally {
    heartbeat.stop()
  }
})
