import { orderEventSchema, userChannel, type OrderEvent } from '@paxyo/contracts'
import type { RedisAddress } from '@paxyo/event-bus'
import { connectRedis, explainRedisError, isSharded } from '../connect-redis.ts'
import { Failure } from '../failure.ts'

export interface TailOptions {
  readonly redis: RedisAddress
  readonly channelPrefix: string
  /** Everybody, when it is not given. */
  readonly userId: string | undefined
  readonly signal: AbortSignal
  /** Called once every event from now on is seen. */
  onFollowing(): void
  onEvent(userId: string, event: OrderEvent): void
}

const PROBE_SHARD = '{heartbeat}:'

/**
 * Follows events as they are published, until the signal. What is published while nobody listens is not seen.
 *
 * @throws Failure when Redis cannot be reached, refuses, or goes away.
 */
export async function followEvents(options: TailOptions): Promise<void> {
  const { redis: address, channelPrefix, userId, signal } = options
  if (userId === undefined && isSharded(address)) {
    throw new Failure('usage', "a cluster's channels can't be followed all at once", 'Name a user: --user <userId>')
  }
  const channel = userId === undefined ? undefined : channelPrefix + userChannel(userId)
  const redis = await connectRedis(address, 'paxyo-tail', channel ?? channelPrefix)
  try {
    const ended = Promise.withResolvers<void>()
    redis.on('close', () => ended.reject(explainRedisError(new Error('the connection broke'), address)))
    redis.on('moved', () =>
      ended.reject(new Failure('unreachable', 'the channel went to another node', 'Start again.')),
    )
    signal.addEventListener('abort', () => ended.resolve(), { once: true })
    if (signal.aborted) return

    const receive = (name: string, payload: string): void => {
      const ours = name.slice(channelPrefix.length)
      if (ours.startsWith(PROBE_SHARD)) return
      const event = parseEvent(payload)
      if (event !== undefined) options.onEvent(ours.slice(ours.indexOf(':') + 1), event)
    }
    redis.on('message', receive)
    redis.on('smessage', receive)
    redis.on('pmessage', (_pattern, name: string, payload: string) => receive(name, payload))
    if (channel === undefined) await redis.psubscribe(`${channelPrefix}{*}:*`)
    else await (isSharded(address) ? redis.ssubscribe(channel) : redis.subscribe(channel))
    options.onFollowing()
    await ended.promise
  } catch (error) {
    throw explainRedisError(error, address)
  } finally {
    redis.removeAllListeners('close')
    redis.disconnect()
  }
}

function parseEvent(payload: string): OrderEvent | undefined {
  try {
    const event = orderEventSchema.safeParse(JSON.parse(payload))
    return event.success ? withoutSecrets(event.data) : undefined
  } catch {
    return undefined
  }
}

/** A link of a customer may carry a token of his in its query. */
function withoutSecrets(event: OrderEvent): OrderEvent {
  if (!('order' in event)) return event
  return { ...event, order: { ...event.order, link: withoutQuery(event.order.link) } }
}

function withoutQuery(link: string): string {
  if (!URL.canParse(link)) return link.replace(/[?#].*$/s, '')
  const url = new URL(link)
  url.username = url.password = url.search = url.hash = ''
  return url.href
}
