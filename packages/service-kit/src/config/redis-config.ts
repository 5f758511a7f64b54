import { boundedText } from '@paxyo/contracts'
import { z } from 'zod'
import { env } from './load-config.ts'

const MESSAGE_KEY_BYTES_MIN = 32

/** Variables of the connection to Redis, which is optional for the standalone. */
export const redisVariables = {
  /** One address, or several of a cluster or of sentinels. User and password are those of the data nodes. */
  REDIS_URL: env.urls('redis', 'rediss'),
  REDIS_TOPOLOGY: z
    .enum(['single', 'sentinel', 'cluster'], { error: 'must be one of single, sentinel, cluster' })
    .default('single'),
  /** The master's name in the sentinels' configuration. */
  REDIS_SENTINEL_NAME: env.text.default('mymaster'),
  REDIS_SENTINEL_PASSWORD: env.text.optional(),
  /** The prefix of channel names; systems that share a Redis need different ones. ASCII, so bytes equal characters. */
  CHANNEL_PREFIX: boundedText(64, /^[\w:.-]{1,64}$/, 'must be 1 to 64 letters, digits, and : . _ -').default('paxyo:'),
  /** Sign the messages on Redis. The first one signs, all of them verify. */
  REDIS_MESSAGE_KEYS: env.secrets(MESSAGE_KEY_BYTES_MIN).default([]),
}

type RedisConfig = { readonly [Name in keyof typeof redisVariables]: z.output<(typeof redisVariables)[Name]> }

/**
 * Problems between the variables.
 *
 * @example
 * redisProblems({ REDIS_URL: 'redis://a:6379' }) //=> []
 * redisProblems({ REDIS_URL: 'redis://a,redis://b' }).length //=> 1
 */
export function redisProblems(raw: Readonly<Record<string, string | undefined>>): string[] {
  const isSingle = (raw['REDIS_TOPOLOGY'] ?? 'single') === 'single'
  if (!isSingle || raw['REDIS_URL']?.includes(',') !== true) return []
  return ['REDIS_URL: has several addresses, so REDIS_TOPOLOGY must be sentinel or cluster']
}

/**
 * Converts the configuration to the options of a bus.
 *
 * @example
 * redisOptions(loadConfig(redisVariables, { REDIS_URL: 'redis://redis:6379' })).channelPrefix //=> 'paxyo:'
 */
export function redisOptions(config: RedisConfig) {
  return {
    url: config.REDIS_URL,
    topology: config.REDIS_TOPOLOGY,
    sentinelName: config.REDIS_SENTINEL_NAME,
    sentinelPassword: config.REDIS_SENTINEL_PASSWORD,
    channelPrefix: config.CHANNEL_PREFIX,
    messageKeys: config.REDIS_MESSAGE_KEYS,
  }
}
