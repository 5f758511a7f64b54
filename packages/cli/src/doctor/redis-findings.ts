import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { probeChannel } from '@paxyo/contracts'
import { connectRedis } from '../connect-redis.ts'
import { Failure } from '../failure.ts'
import { withoutPassword } from '../explain-network-error.ts'
import { clockFinding } from './clock.ts'
import { failed, ok, skipped, type Finding } from './finding.ts'

const VERSION_MIN = 7
const PROBE_TIMEOUT_MS = 2_000

/** Examines Redis as the services use it: nothing is stored, one message goes to a channel of our own. */
export async function redisFindings(url: string, channelPrefix: string): Promise<readonly Finding[]> {
  const connections: Redis[] = []
  const connect = async (name: string): Promise<Redis> => {
    const redis = await connectRedis(url, name)
    connections.push(redis)
    return redis
  }
  try {
    const redis = await connect('paxyo-doctor')
    return [
      ok('redis', `connected to ${withoutPassword(new URL(url))}`),
      await versionFinding(redis),
      await clockOf(redis),
      await pubSubFinding(redis, await connect('paxyo-doctor-subscriber'), channelPrefix),
    ]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [failed('redis', error.message, error.mend ?? "Look at Redis's log.")]
  } finally {
    for (const redis of connections) redis.disconnect()
  }
}

async function versionFinding(redis: Redis): Promise<Finding> {
  const info = await redis.info('server').catch((error: Error) => error)
  if (typeof info !== 'string') return skipped('redis-version', `this user may not ask for it: ${info.message}`)
  const version = /^(?:redis|valkey)_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
  if (Number(version.split('.')[0]) >= VERSION_MIN) return ok('redis-version', `Redis ${version}`)
  return failed('redis-version', `Redis ${version} is too old`, `Upgrade to Redis ${VERSION_MIN} or newer, or Valkey.`)
}

async function clockOf(redis: Redis): Promise<Finding> {
  const sentAtMs = Date.now()
  const time = await redis.time().catch((error: Error) => error)
  if (!Array.isArray(time)) return skipped('redis-clock', `this user may not ask for it: ${time.message}`)
  const serverMs = Number(time[0]) * 1000 + Number(time[1]) / 1000
  return clockFinding('redis-clock', 'Redis', { sentAtMs, answeredAtMs: Date.now(), serverMs })
}

/** Subscribes, publishes, and waits for the message: what a gateway and webhook-ingest do with every event. */
async function pubSubFinding(publisher: Redis, subscriber: Redis, channelPrefix: string): Promise<Finding> {
  const channel = channelPrefix + probeChannel(`doctor-${randomUUID()}`)
  const mend = (right: string): string => `ACL SETUSER <user> ${right} &${channelPrefix}*`
  const arrived = new Promise<true>((resolve) => subscriber.on('message', () => resolve(true)))

  const refusal = await subscriber.subscribe(channel).then(
    () => undefined,
    (error: Error) => error,
  )
  if (refusal !== undefined) {
    return failed('pub-sub', `may not subscribe: ${refusal.message}`, mend('+subscribe +unsubscribe'))
  }
  const published = await publisher.publish(channel, 'probe').catch((error: Error) => error)
  if (typeof published !== 'number') return failed('pub-sub', `may not publish: ${published.message}`, mend('+publish'))

  const startedAt = performance.now()
  const timeout = new Promise<false>((resolve) => setTimeout(resolve, PROBE_TIMEOUT_MS, false).unref())
  if (!(await Promise.race([arrived, timeout]))) {
    const message = `a message was published and did not arrive within ${PROBE_TIMEOUT_MS / 1000} s`
    return failed('pub-sub', message, 'Is a proxy in between, or are these two Redis servers behind one address?')
  }
  return ok('pub-sub', `a message arrived within ${Math.ceil(performance.now() - startedAt)} ms`)
}
