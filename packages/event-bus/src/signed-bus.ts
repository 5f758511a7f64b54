import type { EventBus } from './event-bus.ts'
import { createMessageSignature } from './message-signature.ts'

/** Signs what is published to a bus, and hands on only what is signed ({@link createMessageSignature}). */
export function signedBus(bus: EventBus, keys: readonly string[], onKeyUsed?: (place: number) => void): EventBus {
  const signature = createMessageSignature(keys, onKeyUsed)
  return {
    connectPublisher() {
      const publisher = bus.connectPublisher()
      return {
        get isReady() {
          return publisher.isReady
        },
        publish: (messages) =>
          publisher.publish(
            messages.map(({ channel, payload }) => ({ channel, payload: signature.sign(channel, payload) })),
          ),
        onReady: (listener) => publisher.onReady(listener),
        close: () => publisher.close(),
      }
    },
    connectSubscriber: (handlers) =>
      bus.connectSubscriber({
        onMessage(channel, message) {
          const payload = signature.open(channel, message)
          if (payload === undefined) handlers.onRejected?.(channel)
          else handlers.onMessage(channel, payload)
        },
        onRestored: () => handlers.onRestored(),
      }),
  }
}
