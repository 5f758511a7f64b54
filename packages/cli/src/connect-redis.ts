import type { RedisAddress } from '@paxyo/event-bus'
import type { Redis } from 'ioredis'
import { Failure } from './failure.ts'
import { explainNetworkError, withoutPassword } from './explain-network-error.ts'

/**
 * One connection for a command, to the server that has the channel; it is not made again when it breaks.
 *
 * @throws Failure that names the cause.
 */
export async function connectRedis(address: RedisAddress, name: string, channel: string): Promise<Redis> {
  const { openRedis } = await import('@paxyo/event-bus')
  try {
    return await openRedis(address, name, channel)
  } catch (error) {
    throw explainRedisError(error, address)
  }
}

/** A cluster's channels are those of sharded pub/sub, which has commands of its own. */
export const isSharded = ({ topology }: RedisAddress): boolean => topology === 'cluster'

/** @returns what to tell a person, without the password of the address. */
export function explainRedisError(error: unknown, address: RedisAddress): Failure {
  if (error instanceof Failure) return error
  const url = addressOf(error, address)
  const user = decodeURIComponent(url.username) || 'default'
  const { message } = error as Error
  const refused = (text: string, hint: string): Failure => new Failure('refused', text, hint, { cause: error })
  if (message.startsWith('WRONGPASS')) {
    return refused(`Redis refuses the password of "${user}"`, 'Put the right user and password into REDIS_URL.')
  }
  if (message.startsWith('NOAUTH')) {
    return refused('Redis wants a password', 'Put it into REDIS_URL: redis://:<password>@host:6379')
  }
  if (message.startsWith('NOPERM')) {
    return refused(`Redis does not let "${user}" do this: ${message}`, 'Extend its rights with ACL SETUSER.')
  }
  if (/without any password configured/.test(message)) {
    return refused('REDIS_URL has a password, but this Redis has none', 'Leave it out, or set one: requirepass.')
  }
  if (/cluster support disabled/.test(message)) {
    return refused('this Redis is no cluster', 'Leave REDIS_TOPOLOGY out, or correct REDIS_URL.')
  }
  if (address.topology === 'sentinel' && message.startsWith('All sentinels are unreachable')) {
    return explainSentinels(message, address)
  }
  const network = explainNetworkError(error, 'Redis', url, 'REDIS_URL')
  return (
    network ?? new Failure('unreachable', `Redis at ${withoutPassword(url)}: ${message}`, undefined, { cause: error })
  )
}

/** ioredis says so, too, when they answer that they know no such master. */
function explainSentinels(message: string, { url, sentinelName }: RedisAddress): Failure {
  const [, lastError] = /Last error: (.*)$/s.exec(message) ?? []
  const hosts = url.split(',').map((part) => new URL(part.trim()).host)
  if (lastError === undefined || /No such master/.test(lastError)) {
    const text = `the sentinels at ${hosts.join(', ')} know no master called "${sentinelName ?? 'mymaster'}"`
    return new Failure('unreachable', text, 'Correct REDIS_SENTINEL_NAME; SENTINEL MASTERS lists those they know.')
  }
  if (/NOAUTH|WRONGPASS|without any password/.test(lastError)) {
    return new Failure('refused', `the sentinels refuse us: ${lastError}`, 'Correct REDIS_SENTINEL_PASSWORD.')
  }
  const text = `no sentinel answers at ${hosts.join(', ')}: ${lastError}`
  return new Failure(
    'unreachable',
    text,
    'Start them, or correct REDIS_URL: it names sentinels, and not the data nodes.',
  )
}

/** Of several addresses the one that an error is about, as far as it says. */
function addressOf(error: unknown, { url }: RedisAddress): URL {
  const urls = url.split(',').map((part) => new URL(part.trim()))
  const { port } = error as { port?: number }
  return urls.find((one) => one.port === String(port)) ?? urls[0]!
}
