import { orderEventSchema, userChannel, type OrderEvent } from '@paxyo/contracts'
import { connectRedis, explainRedisError } from '../connect-redis.ts'

export interface TailOptions {
  readonly redisUrl: string
  readonly channelPrefix: string
  /** Everybody, when it is not given. */
  readonly userId: string | undefined
  readonly signal: AbortSignal
  /** Called once every event from now on is seen. */
  onFollowing(): void
  onEvent(userId: string, event: OrderEvent): void
}

const PROBE_SHARD = '{probe}:'

/**
 * Follows events as they are published, until the signal. What is published while nobody listens is not seen.
 *
 * @throws Failure when Redis cannot be reached, refuses, or goes away.
 */
export async function followEvents(options: TailOptions): Promise<void> {
  const { redisUrl, channelPrefix, userId, signal } = options
  const redis = await connectRedis(redisUrl, 'paxyo-tail')
  try {
    const ended = Promise.withResolvers<void>()
    redis.on('close', () => ended.reject(explainRedisError(new Error('the connection broke'), redisUrl)))
    signal.addEventListener('abort', () => ended.resolve(), { once: true })
    if (signal.aborted) return

    const receive = (channel: string, payload: string): void => {
      const address = channel.slice(channelPrefix.length)
      if (address.startsWith(PROBE_SHARD)) return
      const event = parseEvent(payload)
      if (event !== undefined) options.onEvent(address.slice(address.indexOf(':') + 1), event)
    }
    redis.on('message', receive)
    redis.on('pmessage', (_pattern, channel: string, payload: string) => receive(channel, payload))
    if (userId === undefined) await redis.psubscribe(`${channelPrefix}{*}:*`)
    else await redis.subscribe(channelPrefix + userChannel(userId))
    options.onFollowing()
    await ended.promise
  } catch (error) {
    throw explainRedisError(error, redisUrl)
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
