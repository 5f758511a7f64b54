import type { RedisAddress } from '@paxyo/event-bus'
import type { Redis } from 'ioredis'
import { Failure } from './failure.ts'
import { explainNetworkError, withoutPassword } from './explain-network-error.ts'

/**
 * One connection for a command, to the server that has the channel; it does not reconnect.
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

/** A cluster's channels use sharded pub/sub, which has its own commands. */
export const isSharded = ({ topology }: RedisAddress): boolean => topology === 'cluster'

/** @returns the failure to show, without the password of the address. */
export function explainRedisError(error: unknown, address: RedisAddress): Failure {
  if (error instanceof Failure) return error
  const url = addressOf(error, address)
  const user = decodeURIComponent(url.username) || 'default'
  const { message } = error as Error
  const rejected = (text: string, hint: string): Failure => new Failure('rejected', text, hint, { cause: error })
  if (message.startsWith('WRONGPASS')) {
    return rejected(`Redis rejected the password of "${user}"`, 'Correct the user and password in REDIS_URL.')
  }
  if (message.startsWith('NOAUTH')) {
    return rejected('Redis requires a password', 'Set it in REDIS_URL: redis://:<password>@host:6379')
  }
  if (message.startsWith('NOPERM')) {
    return rejected(`Redis user "${user}" lacks a permission: ${message}`, 'Grant it with ACL SETUSER.')
  }
  if (/without any password configured/.test(message)) {
    return rejected('REDIS_URL has a password, but this Redis has none', 'Remove it, or set one: requirepass.')
  }
  if (/cluster support disabled/.test(message)) {
    return rejected('this Redis is not a cluster', 'Remove REDIS_TOPOLOGY, or correct REDIS_URL.')
  }
  if (address.topology === 'sentinel' && message.startsWith('All sentinels are unreachable')) {
    return explainSentinels(message, address)
  }
  const network = explainNetworkError(error, 'Redis', url, 'REDIS_URL')
  return (
    network ?? new Failure('unreachable', `Redis at ${withoutPassword(url)}: ${message}`, undefined, { cause: error })
  )
}

/** ioredis reports the same error when sentinels respond that they know no such master. */
function explainSentinels(message: string, { url, sentinelName }: RedisAddress): Failure {
  const [, lastError] = /Last error: (.*)$/s.exec(message) ?? []
  const hosts = url.split(',').map((part) => new URL(part.trim()).host)
  if (lastError === undefined || /No such master/.test(lastError)) {
    const text = `the sentinels at ${hosts.join(', ')} know no master called "${sentinelName ?? 'mymaster'}"`
    return new Failure('unreachable', text, 'Correct REDIS_SENTINEL_NAME; SENTINEL MASTERS lists those they know.')
  }
  if (/NOAUTH|WRONGPASS|without any password/.test(lastError)) {
    return new Failure(
      'rejected',
      `the sentinels rejected the connection: ${lastError}`,
      'Correct REDIS_SENTINEL_PASSWORD.',
    )
  }
  const text = `no sentinel responds at ${hosts.join(', ')}: ${lastError}`
  return new Failure(
    'unreachable',
    text,
    'Start them, or correct REDIS_URL: it must contain the sentinels, not the data nodes.',
  )
}

/** Of several addresses, the one that an error refers to, if it names one. */
function addressOf(error: unknown, { url }: RedisAddress): URL {
  const urls = url.split(',').map((part) => new URL(part.trim()))
  const { port } = error as { port?: number }
  return urls.find((one) => one.port === String(port)) ?? urls[0]!
}
