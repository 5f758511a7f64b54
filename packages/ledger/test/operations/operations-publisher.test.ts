import { expect, test } from '@jest/globals'
import type { OperationsMessage } from '@paxyo/contracts'
import { createInProcessBus, type EventPublisher } from '@paxyo/event-bus'
import { createOperationsPublisher } from '../../src/operations/operations-publisher.ts'

/** How many messages are dropped of a number that are sent at once. */
async function countDropped(publisher: EventPublisher, messages: number): Promise<number> {
  let dropped = 0
  const operations = createOperationsPublisher({ publisher, now: () => new Date(), onDropped: () => (dropped += 1) })
  for (let sent = 0; sent < messages; sent += 1) operations.endpointChanged(`ep_${sent}`, 'connection refused')
  // Rejections are handled after this.
  await new Promise((resolve) => setImmediate(resolve))
  return dropped
}

const bus = createInProcessBus()

test('no message is dropped while the bus accepts them', async () => {
  expect(await countDropped(bus.connectPublisher(), 10)).toBe(0)
})

test.each([
  ['while the bus is not ready', { isReady: false }, 3, 3],
  ['that the bus does not accept', { isReady: true, publish: () => Promise.reject(new Error('gone')) }, 3, 3],
  // 64 wait.
  [
    'beyond those that the bus has not accepted yet',
    { isReady: true, publish: () => new Promise<void>(() => undefined) },
    70,
    6,
  ],
])('messages %s are dropped and counted', async (_title, state, messages, dropped) => {
  expect(await countDropped({ ...bus.connectPublisher(), ...state }, messages)).toBe(dropped)
})

test('an endpoint that fails again and again is one message a second; that it delivers again is said at once', () => {
  const sent: OperationsMessage[] = []
  const publisher: EventPublisher = {
    ...bus.connectPublisher(),
    isReady: true,
    publish: async (messages) => void sent.push(...messages.map(({ payload }) => JSON.parse(String(payload)))),
  }
  let nowMs = Date.parse('2026-11-28T14:02:00Z')
  const operations = createOperationsPublisher({ publisher, now: () => new Date(nowMs), onDropped: () => undefined })
  for (const [afterMs, error] of [
    [0, 'refused'],
    [400, 'refused'],
    [400, 'refused'],
    [400, 'late'],
    [1, undefined],
    [1, undefined],
    [1, 'late'],
  ] as const) {
    nowMs += afterMs
    operations.endpointChanged('ep_1', error)
    operations.endpointChanged('ep_2', undefined)
  }
  const ofOne = sent.filter((message) => message.type === 'endpoint' && message.endpointId === 'ep_1')
  expect(ofOne.map((message) => 'error' in message && message.error)).toEqual(['refused', 'late', null, 'late'])
})
