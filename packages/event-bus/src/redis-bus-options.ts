import type { RedisAddress } from './redis-address.ts'

export interface RedisBusOptions extends RedisAddress {
  /**
   * The prefix of every channel name, such as `paxyo:`. Systems that share a Redis need different ones: pub/sub ignores
   * database numbers, so one system's users would receive the other's events.
   */
  readonly channelPrefix: string
  /** Secrets that sign the messages: the first one signs, all of them verify. None by default. */
  readonly messageKeys?: readonly string[]
  /** Called for each message, with the place of the key that has verified it. */
  readonly onMessageKeyUsed?: (place: number) => void
  /** Called for every connection error; a reconnect follows. */
  readonly onError: (error: Error) => void
}
