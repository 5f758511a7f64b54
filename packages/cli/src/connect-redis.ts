import { Redis } from 'ioredis'
import { Failure } from './failure.ts'
import { explainNetworkError, withoutPassword } from './explain-network-error.ts'

const CONNECT_TIMEOUT_MS = 5_000
const COMMAND_TIMEOUT_MS = 5_000

/**
 * One connection for a command; it is not made again when it breaks. Subscribers get no time limit, and no ready check,
 * which needs the right to INFO.
 *
 * @throws Failure that names the cause.
 */
export async function connectRedis(address: string, name: string): Promise<Redis> {
  const redis = new Redis(address, {
    connectionName: name,
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  let lastError: Error | undefined
  redis.on('error', (error) => (lastError = error))
  try {
    await redis.connect()
    // Who may not log in learns it from the first command.
    await redis.ping()
    return redis
  } catch (error) {
    redis.disconnect()
    // "Connection is closed" hides why it was.
    if (isRefusal(error) && (error as Error).message.startsWith('NOPERM')) throw explainRedisError(error, address)
    throw explainRedisError(lastError ?? error, address)
  }
}

const isRefusal = (error: unknown): boolean => Error.isError(error) && error.name === 'ReplyError'

/** @returns what to tell a person, without the password of the address. */
export function explainRedisError(error: unknown, address: string): Failure {
  if (error instanceof Failure) return error
  const url = new URL(address)
  const user = decodeURIComponent(url.username) || 'default'
  const { message } = error as Error
  const refused = (text: string, mend: string): Failure => new Failure('refused', text, mend, { cause: error })
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
  const network = explainNetworkError(error, 'Redis', url, 'REDIS_URL')
  return (
    network ?? new Failure('unreachable', `Redis at ${withoutPassword(url)}: ${message}`, undefined, { cause: error })
  )
}
