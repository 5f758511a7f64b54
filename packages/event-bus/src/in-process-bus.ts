import type { BusMessage } from '@paxyo/contracts'
import type { EventBus, EventPublisher, EventSubscriber, SubscriberHandlers } from './event-bus.ts'

/**
 * A bus for publishers and subscribers of one process. It never loses its connection.
 *
 * @example
 * const bus = createInProcessBus()
 * const received = await new Promise<string>((resolve) => {
 *   const subscriber = bus.connectSubscriber({ onMessage: resolve, onRestored: () => undefined })
 *   const publish = () => bus.connectPublisher().publish([{ channel: 'news', payload: '{}' }])
 *   void subscriber.subscribe('news').then(publish)
 * })
 * received //=> 'news'
 */
export function createInProcessBus(): EventBus {
  const subscribers = new Set<InProcessSubscriber>()
  return {
    connectPublisher: () => new InProcessPublisher(subscribers),
    connectSubscriber(handlers) {
      const subscriber = new InProcessSubscriber(handlers, subscribers)
      subscribers.add(subscriber)
      return subscriber
    },
  }
}

class InProcessPublisher implements EventPublisher {
  readonly isReady = true
  readonly #subscribers: ReadonlySet<InProcessSubscriber>

  constructor(subscribers: ReadonlySet<InProcessSubscriber>) {
    this.#subscribers = subscribers
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    // As over a network, subscribers are called after the publisher's current work.
    await new Promise(setImmediate)
    for (const { channel, payload } of messages) {
      const bytes = Buffer.from(payload)
      for (const subscriber of this.#subscribers) subscriber.deliver(channel, bytes)
    }
  }

  onReady(listener: () => void): void {
    queueMicrotask(listener)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

class InProcessSubscriber implements EventSubscriber {
  readonly isReady = true
  readonly #channels = new Set<string>()
  readonly #handlers: SubscriberHandlers
  readonly #subscribers: Set<InProcessSubscriber>

  constructor(handlers: SubscriberHandlers, subscribers: Set<InProcessSubscriber>) {
    this.#handlers = handlers
    this.#subscribers = subscribers
  }

  deliver(channel: string, payload: Buffer): void {
    if (this.#channels.has(channel)) this.#handlers.onMessage(channel, payload)
  }

  subscribe(channel: string): Promise<void> {
    this.#channels.add(channel)
    return Promise.resolve()
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel)
  }

  reconnect(): void {
    this.#handlers.onRestored()
  }

  close(): Promise<void> {
    this.#subscribers.delete(this)
    return Promise.resolve()
  }
}
