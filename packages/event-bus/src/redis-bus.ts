import type { EventBus } from './event-bus.ts'
import { RedisPublisher } from './redis-publisher.ts'
import { RedisSubscriber } from './redis-subscriber.ts'

export interface RedisBusOptions {
  /** `redis://` or `rediss://`, with user and password as the server wants them. */
  readonly url: string
  /**
   * What every channel's name begins with, such as `paxyo:`. Systems that share a Redis must differ in it: pub/sub knows
   * no databases, so one system's users would be sent the other's events.
   */
  readonly channelPrefix: string
  /** Told of every error of a connection; each is followed by a new attempt. */
  readonly onError: (error: Error) => void
}

/** A bus over Redis pub/sub. It connects at once and goes on trying for as long as it is open. */
export function createRedisBus(options: RedisBusOptions): EventBus {
  return {
    connectPublisher: () => new RedisPublisher(options),
    connectSubscriber: (handlers) => new RedisSubscriber(options, handlers),
  }
}
