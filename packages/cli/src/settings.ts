import { Failure } from './failure.ts'

/**
 * The environment variables that commands read; `NAME_FILE` can name a file with the value. The code that parses them is
 * loaded only when a command needs it, because loading takes a while: help and completion respond at once.
 */
export async function variables() {
  const { env, redisVariables } = await import('@paxyo/service-kit/config')
  const { archiveVariables } = await import('./archive-config.ts')
  const { z } = await import('zod')
  return {
    DATABASE_URL: env.databaseUrl,
    ...redisVariables,
    PAXYO_URL: env.url('http', 'https'),
    /** The first key, where the value is webhook-ingest's own list. */
    PAXYO_API_KEY: env.text.transform((keys) => keys.split(',')[0]!.trim()),
    JWT_SECRETS: env.secrets(32),
    JWT_AUDIENCE: env.text.default('paxyo'),
    /** As for the services: deliveries that arrived before their order may need verification, too. */
    VERIFY_REFUNDS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
    /** As for the services: imported orders open accounts. */
    BALANCE_MODE: z.enum(['external', 'kept'], { error: 'must be external or kept' }).default('external'),
    EVENT_RETENTION_DAYS: env.integer(1, 9999).default(7),
    /** At least as long as a provider may repeat a message. */
    DELIVERY_RETENTION_DAYS: env.integer(8, 9999).default(90),
    /** 0: as long as the deliveries. */
    DELIVERY_BODY_RETENTION_DAYS: env.integer(0, 9999).default(30),
    ...archiveVariables,
    REJECTED_RETENTION_DAYS: env.integer(1, 9999).default(30),
    PARKED_RETENTION_DAYS: env.integer(1, 9999).default(30),
    /** The database keeps them for a week in any case. */
    AUDIT_CALL_RETENTION_DAYS: env.integer(7, 9999).default(90),
    MAINTAIN_EVERY_HOURS: env.integer(0, 596).default(0),
    /** The first one signs the audit log; signatures of all of them are accepted. */
    AUDIT_SIGNING_KEYS: env.secrets(32).default([]),
    /** Keys of others that may have signed it, as `paxyo audit-log public-key` prints them. */
    AUDIT_PUBLIC_KEYS: env.list.default([]),
    SECRETS_DIR: env.text.optional(),
    /** Files, or `host:port` of servers. */
    CERTIFICATES: env.list.default([]),
    BACKUP_DIR: env.text.optional(),
    /** Folders. */
    DISKS: env.list.default([]),
    HOST: env.text.default('0.0.0.0'),
    METRICS_PORT: env.integer(0, 65_535).default(9464),
  } as const
}

export type Variables = Awaited<ReturnType<typeof variables>>
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables that a command needs.
 *
 * @param check returns problems between them.
 * @throws ConfigError that names all that are missing or wrong.
 */
export async function settings<const Names extends readonly (keyof Variables)[]>(
  environment: Environment,
  names: Names,
  check?: (raw: Environment) => readonly string[],
) {
  const { loadConfig } = await import('@paxyo/service-kit/config')
  const all = await variables()
  const shape = Object.fromEntries(names.map((name) => [name, all[name]])) as Pick<Variables, Names[number]>
  return loadConfig(shape, environment, check)
}

/**
 * The Redis settings, from the services' variables.
 *
 * @throws ConfigError that names all that are missing or wrong.
 */
export async function redisSettings(environment: Environment) {
  const { loadConfig, redisOptions, redisProblems, redisVariables } = await import('@paxyo/service-kit/config')
  return redisOptions(loadConfig(redisVariables, environment, redisProblems))
}

export type RedisSettings = Awaited<ReturnType<typeof redisSettings>>

/** A duration on the command line: `90s`, `15m`, `12h`, `7d`. @returns seconds */
export function parseDurationS(text: string): number {
  const match = /^([1-9]\d{0,6})([smhd])$/.exec(text)
  if (match === null) throw new Failure('usage', `${text} is not a duration such as 90s, 15m, 12h or 7d`)
  return Number(match[1]) * { s: 1, m: 60, h: 3600, d: 86_400 }[match[2] as 's' | 'm' | 'h' | 'd']
}
