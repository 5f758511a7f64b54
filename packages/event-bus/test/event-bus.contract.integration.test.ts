import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { userChannel, type BusMessage } from '@paxyo/contracts'
import { eventually, sharedRedisUrl } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import type { EventBus, EventPublisher, EventSubscriber } from '../src/event-bus.ts'
import { createInProcessBus } from '../src/in-process-bus.ts'
import { createRedisBus } from '../src/redis-bus.ts'

interface Listener extends EventSubscriber {
  /** What arrived, in order. */
  readonly received: BusMessage[]
}

function redisBus(messageKeys: readonly string[] = []): EventBus {
  return createRedisBus({
    url: sharedRedisUrl(),
    channelPrefix: 'paxyo:',
    messageKeys,
    onError: (error) => {
      throw error
    },
  })
}

const ENGINES: [string, () => EventBus][] = [
  ['in-process', createInProcessBus],
  ['Redis', redisBus],
  ['signed Redis', () => redisBus(['a-key-of-at-least-32-bytes-in-length'])],
]

describe.each(ENGINES)('the %s bus', (_name, createBus) => {
  let bus: EventBus
  let publisher: EventPublisher
  let open: { close(): Promise<void> }[]
  beforeEach(async () => {
    bus = createBus()
    publisher = bus.connectPublisher()
    open = [publisher]
    await new Promise<void>((ready) => publisher.onReady(ready))
  })
  afterEach(async () => {
    await Promise.all(open.map((each) => each.close()))
  })

  function listen(): Listener {
    const received: BusMessage[] = []
    const subscriber = bus.connectSubscriber({
      onMessage: (channel, payload) => received.push({ channel, payload: payload.toString() }),
      onRestored: () => received.push({ channel: 'restored', payload: '' }),
    })
    open.push(subscriber)
    return Object.assign(subscriber, { received })
  }

  /** Channels that no other test of this Redis uses. */
  const newChannel = (): string => userChannel(randomUUID())

  /** Publishes one more message and waits for it: all earlier messages have arrived by then. */
  async function settle(...listeners: Listener[]): Promise<void> {
    const last = newChannel()
    await Promise.all(listeners.map((listener) => listener.subscribe(last)))
    await publisher.publish([{ channel: last, payload: '' }])
    for (const { received } of listeners) {
      const index = await eventually(() => {
        const found = received.findIndex(({ channel }) => channel === last)
        return found === -1 ? undefined : { found }
      })
      received.splice(index.found, 1)
    }
  }

  const numbered = (channel: string, count: number): BusMessage[] =>
    Array.from({ length: count }, (_, index) => ({ channel, payload: `${index}` }))

  test('what is published once subscribe() has resolved arrives, in order', async () => {
    const listener = listen()
    const channel = newChannel()
    await listener.subscribe(channel)
    const messages = numbered(channel, 100)
    await publisher.publish(messages.slice(0, 50))
    await publisher.publish(messages.slice(50))

    await settle(listener)
    expect(listener.received).toEqual(messages)
  })

  test('what was published before does not', async () => {
    const listener = listen()
    const channel = newChannel()
    await publisher.publish([{ channel, payload: 'before' }])
    await listener.subscribe(channel)

    await settle(listener)
    expect(listener.received).toEqual([])
  })

  test('every subscriber of a channel gets it, and nobody else', async () => {
    const [one, two, other] = [listen(), listen(), listen()]
    const [channel, another] = [newChannel(), newChannel()]
    await Promise.all([one.subscribe(channel), two.subscribe(channel), other.subscribe(another)])
    const message = { channel, payload: 'for one and two' }
    await publisher.publish([message])

    await settle(one, two, other)
    expect([one.received, two.received, other.received]).toEqual([[message], [message], []])
  })

  test('a payload arrives as the very bytes that were published', async () => {
    const payloads = ['', '{"a": 1}\r\n', '€ 😀 \u0000 \u2028', 'x'.repeat(1_000_000)]
    const received: Buffer[] = []
    const subscriber = bus.connectSubscriber({
      onMessage: (_channel, payload) => received.push(payload),
      onRestored: () => undefined,
    })
    open.push(subscriber)
    const channel = newChannel()
    await subscriber.subscribe(channel)
    await publisher.publish(payloads.map((payload) => ({ channel, payload })))

    await eventually(() => received.length === payloads.length)
    expect(received.map((bytes, index) => bytes.equals(Buffer.from(payloads[index]!)))).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  test('nothing arrives after unsubscribe()', async () => {
    const listener = listen()
    const [dropped, kept] = [newChannel(), newChannel()]
    await Promise.all([listener.subscribe(dropped), listener.subscribe(kept)])
    listener.unsubscribe(dropped)
    // The bus has processed it when it acknowledges a later subscription.
    await listener.subscribe(newChannel())
    await publisher.publish([dropped, kept].map((channel) => ({ channel, payload: 'late' })))

    await settle(listener)
    expect(listener.received).toEqual([{ channel: kept, payload: 'late' }])
  })

  test('who subscribes twice gets it once, and is gone after one unsubscribe()', async () => {
    const listener = listen()
    const channel = newChannel()
    await Promise.all([listener.subscribe(channel), listener.subscribe(channel)])
    await listener.subscribe(channel)
    await publisher.publish([{ channel, payload: 'once' }])
    await settle(listener)
    expect(listener.received).toEqual([{ channel, payload: 'once' }])

    listener.unsubscribe(channel)
    await listener.subscribe(newChannel())
    await publisher.publish([{ channel, payload: 'late' }])
    await settle(listener)
    expect(listener.received).toHaveLength(1)
  })

  test('a channel that is dropped and wanted again at once is subscribed', async () => {
    const listener = listen()
    const channel = newChannel()
    await listener.subscribe(channel)
    listener.unsubscribe(channel)
    await listener.subscribe(channel)
    await publisher.publish([{ channel, payload: 'still here' }])

    await settle(listener)
    expect(listener.received).toEqual([{ channel, payload: 'still here' }])
  })

  test('a channel that is wanted, dropped and wanted again before the bus has answered is subscribed', async () => {
    const listener = listen()
    const channels = Array.from({ length: 10 }, newChannel)
    await listener.subscribe(newChannel())
    const asked = channels.map((channel) => listener.subscribe(channel))
    // It has been sent to the bus by now.
    await new Promise(setImmediate)
    for (const channel of channels) listener.unsubscribe(channel)
    await Promise.all([...asked, ...channels.map((channel) => listener.subscribe(channel))])
    const messages = channels.map((channel) => ({ channel, payload: 'still here' }))
    await publisher.publish(messages)

    await settle(listener)
    expect(listener.received).toEqual(messages)
  })

  test('the last channel can be dropped, and another one wanted after it', async () => {
    const listener = listen()
    const [first, second] = [newChannel(), newChannel()]
    await listener.subscribe(first)
    listener.unsubscribe(first)
    await settle(listener)
    await listener.subscribe(second)
    await publisher.publish([first, second].map((channel) => ({ channel, payload: 'hello' })))

    await settle(listener)
    expect(listener.received).toEqual([{ channel: second, payload: 'hello' }])
  })

  test('3,000 channels are subscribed at once', async () => {
    const listener = listen()
    const channels = Array.from({ length: 3_000 }, newChannel)
    await Promise.all(channels.map((channel) => listener.subscribe(channel)))
    const messages = channels.map((channel, index) => ({ channel, payload: `${index}` }))
    await publisher.publish(messages)

    await settle(listener)
    expect(listener.received).toEqual(messages)
  })

  test('a listener for readiness is called, also when the bus is ready already', async () => {
    expect(publisher.isReady).toBe(true)
    await new Promise<void>((ready) => publisher.onReady(ready))

    const second = bus.connectPublisher()
    open.push(second)
    await new Promise<void>((ready) => second.onReady(ready))
    expect(second.isReady).toBe(true)
  })

  test('publishing nothing, or for nobody, is fine', async () => {
    await expect(publisher.publish([])).resolves.toBeUndefined()
    await expect(publisher.publish([{ channel: newChannel(), payload: '' }])).resolves.toBeUndefined()
  })

  test('who has closed gets nothing more, and the others do', async () => {
    const [closed, other] = [listen(), listen()]
    const channel = newChannel()
    await Promise.all([closed.subscribe(channel), other.subscribe(channel)])
    await closed.close()
    await publisher.publish([{ channel, payload: 'late' }])

    await settle(other)
    expect([closed.received, other.received]).toEqual([[], [{ channel, payload: 'late' }]])
  })
})
