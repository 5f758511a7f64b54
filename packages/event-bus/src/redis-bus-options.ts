import type { RedisAddress } from './redis-address.ts'

export interface RedisBusOptions extends RedisAddress {
  /**
   * What every channel's name begins with, such as `paxyo:`. Systems that share a Redis must differ in it: pub/sub knows
   * no databases, so one system's users would be sent the other's events.
   */
  readonly channelPrefix: string
  /** Told of every error of a connection; each is followed by a new attempt. */
  readonly onError: (error: Error) => void
}
