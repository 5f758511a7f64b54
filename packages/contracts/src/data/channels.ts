/** A message on the bus: an event's bytes, for all subscribers of its channel. */
export interface BusMessage {
  readonly channel: string
  readonly payload: string
}

/**
 * The number of shards that users are distributed over. The shard is the channel's hash tag, so all channels of a shard
 * are in one slot of a Redis Cluster. To change it, restart all services at once.
 */
export const EVENT_CHANNEL_SHARDS = 64

/**
 * The channel that carries one user's events: `{shard}:user`.
 *
 * @example
 * userChannel('ann') //=> '{24}:ann'
 */
export function userChannel(userId: string): string {
  return `{${fnv1a(userId) % EVENT_CHANNEL_SHARDS}}:${userId}`
}

/**
 * The channel on which a gateway sends messages to itself, to check that pub/sub delivers.
 *
 * @example
 * heartbeatChannel('gateway-1') //=> '{heartbeat}:gateway-1'
 */
export function heartbeatChannel(gatewayId: string): string {
  return `{heartbeat}:${gatewayId}`
}

/** The channel on which webhook-ingest sends control messages to every gateway. */
export const CONTROL_CHANNEL = '{control}:gateways'

/** The channel on which gateways announce themselves to every process of webhook-ingest. */
export const GATEWAYS_CHANNEL = '{ingest}:gateways'

/** The channel on which webhook-ingest sends what it commits to the gateways that have an operator's socket. */
export const OPERATIONS_CHANNEL = '{operations}:ingest'

/**
 * The channel on which gateways send responses and receipts to one process of webhook-ingest.
 *
 * @example
 * ingestChannel('ingest-1') //=> '{ingest}:to:ingest-1'
 */
export function ingestChannel(ingestId: string): string {
  return `{ingest}:to:${ingestId}`
}

/** 32-bit FNV-1a over UTF-16 code units: distributes well, needs no library, and is the same on every machine. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
