import { expect, test } from '@jest/globals'
import { createInProcessBus, type EventBus, type EventPublisher } from '@paxyo/event-bus'
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { openGatewayLink } from '../../src/gateways/gateway-link.ts'

/** A bus whose publishers connect only on command, after the subscriptions. */
function createLateBus(): { bus: EventBus; connectPublishers: () => void } {
  const bus = createInProcessBus()
  const listeners: (() => void)[] = []
  let isConnected = false
  const late = (publisher: EventPublisher): EventPublisher => ({
    get isReady() {
      return isConnected
    },
    publish: (messages) =>
      isConnected ? publisher.publish(messages) : Promise.reject(new Error('The connection is not open yet.')),
    onReady: (listener) => void listeners.push(listener),
    close: () => publisher.close(),
  })
  return {
    bus: { ...bus, connectPublisher: () => late(bus.connectPublisher()) },
    connectPublishers() {
      isConnected = true
      for (const listener of listeners) listener()
    },
  }
}

test('the link is ready as soon as both its connections are, not with the next announcement', async () => {
  const { bus, connectPublishers } = createLateBus()
  const storeReceipts = () => Promise.resolve()
  const link = openGatewayLink({ bus, storeReceipts, log: pino({ level: 'silent' }), now: () => 0 })
  await setImmediate()
  expect(link.isReady).toBe(false)

  connectPublishers()
  await setImmediate()
  await setImmediate()

  expect(link.isReady).toBe(true)
  await link.close()
})
