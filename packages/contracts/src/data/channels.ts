/** One message on the bus: an event's bytes for everybody who follows its channel. */
export interface BusMessage {
  readonly channel: string
  readonly payload: string
}

/**
 * How many shards users are spread over. The shard is the channel's hash tag, so all channels of a shard live in one
 * slot of a Redis Cluster. Changing it needs every service to be restarted at once.
 */
export const EVENT_CHANNEL_SHARDS = 64

/** The channel that carries one user's events: `{shard}:user`. */
export function userChannel(userId: string): string {
  return `{${fnv1a(userId) % EVENT_CHANNEL_SHARDS}}:${userId}`
}

/** The channel on which one gateway sends messages to itself, to see that pub/sub really delivers. */
export function heartbeatChannel(gatewayId: string): string {
  return `{probe}:${gatewayId}`
}

/** FNV-1a over UTF-16 code units, 32 bits: spreads well, needs no library, and is the same on every machine. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
