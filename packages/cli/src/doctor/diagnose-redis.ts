import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { heartbeatChannel } from '@paxyo/contracts'
import { connectRedis, isSharded } from '../connect-redis.ts'
import { Failure } from '../failure.ts'
import { withoutPassword } from '../explain-network-error.ts'
import type { RedisSettings } from '../settings.ts'
import { diagnoseClock } from '@paxyo/database/diagnostics'
import { failed, ok, skipped, type Diagnostic } from '@paxyo/database/diagnostic'

const VERSION_MIN = 7
const CHECK_TIMEOUT_MS = 2_000

/**
 * Checks Redis as the services use it: nothing is stored, and one message goes to the doctor's own channel. In a cluster
 * it checks the node that has this channel; with sentinels, the master that they name.
 */
export async function diagnoseRedis(settings: RedisSettings): Promise<readonly Diagnostic[]> {
  const channel = settings.channelPrefix + heartbeatChannel(`doctor-${randomUUID()}`)
  const connections: Redis[] = []
  const connect = async (name: string): Promise<Redis> => {
    const redis = await connectRedis(settings, name, channel)
    connections.push(redis)
    return redis
  }
  try {
    const redis = await connect('paxyo-doctor')
    return [
      ok('redis', connectedTo(redis, settings)),
      ...(isSharded(settings) ? [await diagnoseCluster(redis)] : []),
      await diagnoseVersion(redis),
      await readClock(redis),
      await diagnosePubSub(redis, await connect('paxyo-doctor-subscriber'), channel, settings),
    ]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [failed('redis', error.message, error.hint ?? "Check Redis's log.")]
  } finally {
    for (const redis of connections) redis.disconnect()
  }
}

function connectedTo(redis: Redis, { topology, url, sentinelName }: RedisSettings): string {
  if (topology === 'single') return `connected to ${withoutPassword(new URL(url))}`
  const { remoteAddress, remotePort } = redis.stream
  const node = `${remoteAddress}:${remotePort}`
  if (topology === 'cluster') return `connected to ${node}, the node of the cluster that has the channel`
  return `connected to ${node}, the master "${sentinelName}" of the sentinels`
}

/** A cluster with unserved slots rejects every command. */
async function diagnoseCluster(redis: Redis): Promise<Diagnostic> {
  const info = await redis.cluster('INFO').catch((error: Error) => error)
  if (typeof info !== 'string') return skipped('redis-cluster', `this user may not read it: ${info.message}`)
  const value = (name: string): string => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? 'unknown'
  const size = `${value('cluster_size')} masters, ${value('cluster_known_nodes')} nodes`
  if (value('cluster_state') === 'ok') return ok('redis-cluster', `the cluster is ok: ${size}`)
  const message = `the cluster is down: ${value('cluster_slots_ok')} of 16384 slots are served (${size})`
  return failed('redis-cluster', message, 'CLUSTER NODES lists the failed node; restart it, or promote its replica.')
}

async function diagnoseVersion(redis: Redis): Promise<Diagnostic> {
  const info = await redis.info('server').catch((error: Error) => error)
  if (typeof info !== 'string') return skipped('redis-version', `this user may not read it: ${info.message}`)
  const fields = info.split(/\r?\n/).map((line) => line.split('_version:'))
  const version = fields.find(([server]) => server === 'redis' || server === 'valkey')?.[1] ?? 'unknown'
  if (Number(version.split('.')[0]) >= VERSION_MIN) return ok('redis-version', `Redis ${version}`)
  return failed('redis-version', `Redis ${version} is too old`, `Upgrade to Redis ${VERSION_MIN} or newer, or Valkey.`)
}

async function readClock(redis: Redis): Promise<Diagnostic> {
  const sentAtMs = Date.now()
  const time = await redis.time().catch((error: Error) => error)
  if (!Array.isArray(time)) return skipped('redis-clock', `this user may not read it: ${time.message}`)
  const serverMs = Number(time[0]) * 1000 + Number(time[1]) / 1000
  return diagnoseClock('redis-clock', 'Redis', { sentAtMs, receivedAtMs: Date.now(), serverMs })
}

/** Subscribes, publishes, and waits for the message, as a gateway and webhook-ingest do with every event. */
async function diagnosePubSub(
  publisher: Redis,
  subscriber: Redis,
  channel: string,
  settings: RedisSettings,
): Promise<Diagnostic> {
  const { channelPrefix } = settings
  const shard = isSharded(settings) ? 's' : ''
  const hint = (right: string): string => `ACL SETUSER <user> ${right} &${channelPrefix}*`
  const arrived = new Promise<true>((resolve) => subscriber.on(`${shard}message`, () => resolve(true)))

  const rejection = await subscriber[`${shard}subscribe`](channel).then(
    () => undefined,
    (error: Error) => error,
  )
  if (rejection !== undefined) {
    return failed('pub-sub', `may not subscribe: ${rejection.message}`, hint(`+${shard}subscribe +${shard}unsubscribe`))
  }
  const publishing = publisher[`${shard}publish`](channel, 'doctor') as Promise<number>
  const published = await publishing.catch((error: Error) => error)
  if (typeof published !== 'number')
    return failed('pub-sub', `may not publish: ${published.message}`, hint(`+${shard}publish`))

  const startedAt = performance.now()
  const timeout = new Promise<false>((resolve) => setTimeout(resolve, CHECK_TIMEOUT_MS, false).unref())
  if (!(await Promise.race([arrived, timeout]))) {
    const message = `a published message did not arrive within ${CHECK_TIMEOUT_MS / 1000} s`
    return failed('pub-sub', message, 'Is there a proxy in between, or are there two Redis servers behind one address?')
  }
  return ok('pub-sub', `a message arrived within ${Math.ceil(performance.now() - startedAt)} ms`)
}
