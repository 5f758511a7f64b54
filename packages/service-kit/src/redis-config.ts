import { boundedText } from '@paxyo/contracts'
import { z } from 'zod'
import { env } from './config.ts'

/** Where Redis is. The standalone may do without one. */
export const redisVariables = {
  /** One address; of a cluster or of sentinels one or more of them. User and password are those of the data nodes. */
  REDIS_URL: env.urls('redis', 'rediss'),
  REDIS_TOPOLOGY: z
    .enum(['single', 'sentinel', 'cluster'], { error: 'must be one of single, sentinel, cluster' })
    .default('single'),
  /** By which name sentinels know the master. */
  REDIS_SENTINEL_NAME: env.text.default('mymaster'),
  REDIS_SENTINEL_PASSWORD: env.text.optional(),
  /** What channels begin with; systems that share a Redis must differ in it. ASCII, so that it has one length. */
  CHANNEL_PREFIX: boundedText(64, /^[\w:.-]{1,64}$/, 'must be 1 to 64 letters, digits, and : . _ -').default('paxyo:'),
}

type RedisConfig = { readonly [Name in keyof typeof redisVariables]: z.output<(typeof redisVariables)[Name]> }

/** What is wrong between the variables. */
export function redisProblems(raw: Readonly<Record<string, string | undefined>>): string[] {
  const isSingle = (raw['REDIS_TOPOLOGY'] ?? 'single') === 'single'
  if (!isSingle || raw['REDIS_URL']?.includes(',') !== true) return []
  return ['REDIS_URL: names several addresses, so REDIS_TOPOLOGY must be sentinel or cluster']
}

/** The configuration in the words of a bus. */
export function redisOptions(config: RedisConfig) {
  return {
    url: config.REDIS_URL,
    topology: config.REDIS_TOPOLOGY,
    sentinelName: config.REDIS_SENTINEL_NAME,
    sentinelPassword: config.REDIS_SENTINEL_PASSWORD,
    channelPrefix: config.CHANNEL_PREFIX,
  }
}
