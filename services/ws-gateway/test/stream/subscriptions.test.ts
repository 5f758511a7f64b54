import { expect, test } from '@jest/globals'
import type { EventSubscriber } from '@paxyo/event-bus'
import { createSubscriptions } from '../../src/stream/subscriptions.ts'
import type { Stream } from '../../src/stream/user-stream.ts'

test('a stream whose last listener has left while a subscription failed is not subscribed again', async () => {
  let attempts = 0
  let looks = 0
  let isOpen = true
  const lookedTwice = Promise.withResolvers<void>()
  const subscribe = createSubscriptions({
    subscriber: {
      async subscribe() {
        attempts += 1
        throw new Error('rejected')
      },
    } as Partial<EventSubscriber> as EventSubscriber,
    delivers: () => false,
    // The bus is silent.
    orSilence: () => Promise.resolve(),
    isOpen() {
      looks += 1
      if (looks === 2) lookedTwice.resolve()
      return isOpen
    },
    async backfill() {
      isOpen = false
    },
    onCaughtUp: () => undefined,
  })
  const stream: Partial<Stream> = { userId: 'ann', isSubscribed: false }
  await subscribe(stream as Stream)
  await lookedTwice.promise

  expect(attempts).toBe(1)
})
