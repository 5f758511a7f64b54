import { expect, test } from '@jest/globals'
import type { BusMessage } from '@paxyo/contracts'
import type { SubscriberHandlers } from '../src/event-bus.ts'
import { createInProcessBus } from '../src/in-process-bus.ts'
import { signedBus } from '../src/signed-bus.ts'

const OLD = 'the-old-key-of-at-least-32-bytes-long'
const NEW = 'the-new-key-of-at-least-32-bytes-long'
const CHANNEL = '{7}:ann'
const PAYLOAD = '{"type":"event","seq":1,"link":"€ 😀"}'

/** What a subscriber with `keys` does with messages: the payloads that it receives, and how many it rejects. */
async function receive(keys: readonly string[], messages: readonly BusMessage[]) {
  const plain = createInProcessBus()
  const result = { received: [] as string[], rejected: 0 }
  const handlers: SubscriberHandlers = {
    onMessage: (_channel, payload) => result.received.push(payload.toString()),
    onRejected: () => (result.rejected += 1),
    onRestored: () => undefined,
  }
  const subscriber = signedBus(plain, keys).connectSubscriber(handlers)
  for (const { channel } of messages) await subscriber.subscribe(channel)
  await plain.connectPublisher().publish(messages)
  // The in-process bus delivers in a later turn.
  await new Promise((resolve) => setImmediate(resolve))
  await subscriber.close()
  return result
}

/** The message as a publisher with `keys` sends it. */
async function sent(keys: readonly string[], channel = CHANNEL, payload = PAYLOAD): Promise<BusMessage> {
  const plain = createInProcessBus()
  const messages: BusMessage[] = []
  const subscriber = plain.connectSubscriber({
    onMessage: (name, bytes) => messages.push({ channel: name, payload: bytes.toString() }),
    onRestored: () => undefined,
  })
  await subscriber.subscribe(channel)
  await signedBus(plain, keys).connectPublisher().publish([{ channel, payload }])
  await new Promise((resolve) => setImmediate(resolve))
  return messages[0]!
}

const accepted = { received: [PAYLOAD], rejected: 0 }
const rejected = { received: [], rejected: 1 }

test('without keys a message is sent as it is', async () => {
  expect(await sent([])).toEqual({ channel: CHANNEL, payload: PAYLOAD })
})

test.each([
  ['the key', [NEW], [NEW], accepted],
  ['a key that is being introduced', [NEW, OLD], [OLD, NEW], accepted],
  ['a key that is being removed', [OLD], [NEW, OLD], accepted],
  ['a key, by a subscriber that has none yet', [NEW], [], accepted],
  ['another key', [OLD], [NEW], rejected],
  ['no key', [], [NEW], rejected],
])('signed with %s', async (_what, publisherKeys, subscriberKeys, result) => {
  expect(await receive(subscriberKeys, [await sent(publisherKeys)])).toEqual(result)
})

test.each<[string, (message: BusMessage) => BusMessage]>([
  ["another user's channel", ({ payload }) => ({ channel: '{7}:ben', payload })],
  ['a longer channel and a shorter payload', ({ payload }) => ({ channel: `${CHANNEL}\n`, payload })],
  ['another payload', ({ channel, payload }) => ({ channel, payload: payload.replace('"seq":1', '"seq":2') })],
  ['more payload', ({ channel, payload }) => ({ channel, payload: `${payload} ` })],
  ['a part of the signature', ({ channel, payload }) => ({ channel, payload: `~${payload.slice(2)}` })],
  ['nothing behind the mark', ({ channel }) => ({ channel, payload: '~' })],
  ['nothing', ({ channel }) => ({ channel, payload: '' })],
])('a signature does not fit %s', async (_what, change) => {
  expect(await receive([NEW], [change(await sent([NEW]))])).toEqual(rejected)
})
