import { heartbeatChannel, orderEventSchema, userChannel, type OrderEvent } from '@paxyo/contracts'
import { createMessageSignature, type RedisAddress } from '@paxyo/event-bus'
import { connectRedis, explainRedisError, isSharded } from '../connect-redis.ts'
import { Failure } from '../failure.ts'

export interface TailOptions {
  readonly redis: RedisAddress
  readonly channelPrefix: string
  readonly messageKeys: readonly string[]
  /** All users when undefined. */
  readonly userId: string | undefined
  readonly signal: AbortSignal
  /** Called when the subscription is active: every later event is received. */
  onFollowing(): void
  onEvent(userId: string, event: OrderEvent): void
}

const HEARTBEAT_PREFIX = heartbeatChannel('')

/**
 * Follows events as they are published, until the signal. Events published earlier or during a disconnect are missed.
 *
 * @throws Failure when Redis cannot be reached, rejects a command, or closes the connection.
 */
export async function followEvents(options: TailOptions): Promise<void> {
  const { redis: address, channelPrefix, userId, signal } = options
  const signature = createMessageSignature(options.messageKeys)
  if (userId === undefined && isSharded(address)) {
    throw new Failure('usage', "a cluster's channels cannot be followed all at once", 'Name a user: --user <userId>')
  }
  const channel = userId === undefined ? undefined : channelPrefix + userChannel(userId)
  const redis = await connectRedis(address, 'paxyo-tail', channel ?? channelPrefix)
  try {
    const ended = Promise.withResolvers<void>()
    redis.on('close', () => ended.reject(explainRedisError(new Error('the connection was lost'), address)))
    redis.on('moved', () =>
      ended.reject(new Failure('unreachable', 'the channel moved to another node', 'Start again.')),
    )
    signal.addEventListener('abort', () => ended.resolve(), { once: true })
    if (signal.aborted) return

    const receive = (name: string, payload: string): void => {
      const key = name.slice(channelPrefix.length)
      if (key.startsWith(HEARTBEAT_PREFIX)) return
      const event = parseEvent(signature.open(key, Buffer.from(payload)))
      if (event !== undefined) options.onEvent(key.slice(key.indexOf(':') + 1), event)
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

function parseEvent(payload: Buffer | undefined): OrderEvent | undefined {
  if (payload === undefined) return undefined
  try {
    const event = orderEventSchema.safeParse(JSON.parse(payload.toString()))
    return event.success ? withoutSecrets(event.data) : undefined
  } catch {
    return undefined
  }
}

/** The query of a customer's link may contain a token. */
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
