import { DRAIN_MS_MAX } from '@paxyo/contracts/data'
import { commonVariables, env, loadConfig, redisProblems, redisVariables, weakVariables } from '@paxyo/service-kit'
import { z } from 'zod'
import { DEFAULT_LIMITS, type Limits } from './socket/limits.ts'

const JWT_SECRET_BYTES_MIN = 32
const ONE_STANDBY =
  'must be the address of one standby, or of a proxy that leads to one, such as postgres://user:password@host:5433/database, without target_session_attrs'

/** The variables that decide which clients can connect. The standalone reads them, too. */
export const gatewayVariables = {
  /** HS256 secrets that browser tokens are signed with. */
  JWT_SECRETS: env.secrets(JWT_SECRET_BYTES_MIN).default([]),
  JWT_JWKS_URL: env.url('https', 'http').optional(),
  JWT_AUDIENCE: env.text.default('paxyo'),
  /** Origins of the pages that may connect, such as `https://panel.example.com`. */
  ALLOWED_ORIGINS: env.list
    .refine((origins) => origins.length > 0 && origins.every(isOrigin), {
      error: 'must be origins such as https://panel.example.com, separated by commas, or *',
    })
    .default([]),
  /** Limits that depend on the machine, or on who is behind an address. */
  CONNECTIONS_MAX: env.integer(1, 1_000_000).default(DEFAULT_LIMITS.connectionsMax),
  CONNECTIONS_PER_USER_MAX: env.integer(1, 1_000_000).default(DEFAULT_LIMITS.connectionsPerUserMax),
  CONNECTIONS_PER_ADDRESS_MAX: env.integer(1, 1_000_000).default(DEFAULT_LIMITS.connectionsPerAddressMax),
  HANDSHAKES_PER_SECOND_MAX: env.integer(1, 100_000).default(DEFAULT_LIMITS.handshakesPerSecondMax),
  MESSAGES_PER_SECOND_MAX: env.integer(5, 1_000).default(DEFAULT_LIMITS.messagesPerSecondMax),
  UNREAD_BYTES_MAX: env.integer(64 * 1024, 1024 ** 3).default(DEFAULT_LIMITS.unreadBytesPerConnectionMax),
  HELLO_TIMEOUT_SECONDS: env.integer(1, 60).default(DEFAULT_LIMITS.helloTimeoutMs / 1000),
  PING_INTERVAL_SECONDS: env.integer(5, 300).default(DEFAULT_LIMITS.pingIntervalMs / 1000),
  CONNECTION_AGE_SECONDS_MAX: env.integer(2, 7 * 86_400).default(DEFAULT_LIMITS.connectionAgeMsMax / 1000),
}

/** The limits that variables set. */
export function limitsOf(config: LimitVariables): Partial<Limits> {
  return {
    connectionsMax: config.CONNECTIONS_MAX,
    connectionsPerUserMax: config.CONNECTIONS_PER_USER_MAX,
    joinsPerUserMax: Math.max(DEFAULT_LIMITS.joinsPerUserMax, config.CONNECTIONS_PER_USER_MAX),
    connectionsPerAddressMax: config.CONNECTIONS_PER_ADDRESS_MAX,
    handshakesPerSecondMax: config.HANDSHAKES_PER_SECOND_MAX,
    messagesPerSecondMax: config.MESSAGES_PER_SECOND_MAX,
    unreadBytesPerConnectionMax: config.UNREAD_BYTES_MAX,
    helloTimeoutMs: config.HELLO_TIMEOUT_SECONDS * 1000,
    pingIntervalMs: config.PING_INTERVAL_SECONDS * 1000,
    connectionAgeMsMax: config.CONNECTION_AGE_SECONDS_MAX * 1000,
  }
}

type LimitVariables = Readonly<
  Record<
    | 'CONNECTIONS_MAX'
    | 'CONNECTIONS_PER_USER_MAX'
    | 'CONNECTIONS_PER_ADDRESS_MAX'
    | 'HANDSHAKES_PER_SECOND_MAX'
    | 'MESSAGES_PER_SECOND_MAX'
    | 'UNREAD_BYTES_MAX'
    | 'HELLO_TIMEOUT_SECONDS'
    | 'PING_INTERVAL_SECONDS'
    | 'CONNECTION_AGE_SECONDS_MAX',
    number
  >
>

const variables = {
  DATABASE_URL: env.databaseUrl,
  /** A replica that is read, if it has what is needed, when `READ_REPLICA` is on. */
  DATABASE_READ_URL: env.text.refine(isOneServer, { error: ONE_STANDBY }).optional(),
  READ_REPLICA: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
  ...redisVariables,
  HOST: env.text.default('0.0.0.0'),
  PORT: env.integer(0, 65_535).default(8082),
  /** The period over which a draining process closes its connections. */
  DRAIN_SECONDS: env.integer(0, DRAIN_MS_MAX / 1000).default(10),
  ...commonVariables,
  ...gatewayVariables,
}

/** The replica to read, if there is one. */
export const replicaUrlOf = (config: ReturnType<typeof loadGatewayConfig>): string | undefined =>
  config.READ_REPLICA === 'on' ? config.DATABASE_READ_URL : undefined

/** Describes the secrets that can be guessed: problems in production, and warnings elsewhere. */
export const weakGatewaySecrets = (environment: NodeJS.ProcessEnv): string[] =>
  weakVariables(['JWT_SECRETS', 'REDIS_MESSAGE_KEYS'], environment)

/** Problems of the address of the public keys in production. The standalone has them, too. */
export const keyServerProblems = (raw: Readonly<Record<string, string | undefined>>): string[] =>
  raw['JWT_JWKS_URL']?.toLowerCase().startsWith('http:') === true
    ? ['JWT_JWKS_URL must begin with https:// in production: over http its keys can be replaced on the way']
    : []

/** @throws ConfigError with all problems. */
export function loadGatewayConfig(environment: NodeJS.ProcessEnv) {
  return loadConfig(variables, environment, (raw) => {
    const problems = redisProblems(raw)
    if (raw['JWT_SECRETS'] === undefined && raw['JWT_JWKS_URL'] === undefined) {
      problems.push('one of JWT_SECRETS, JWT_JWKS_URL must be set: without them no client can authenticate')
    }
    if (raw['READ_REPLICA'] === 'on' && raw['DATABASE_READ_URL'] === undefined) {
      problems.push('DATABASE_READ_URL must be set when READ_REPLICA is on')
    }
    if (raw['NODE_ENV'] === 'production' && raw['ALLOWED_ORIGINS'] === undefined) {
      problems.push('ALLOWED_ORIGINS must be set in production: without it no page can connect')
    }
    if (raw['NODE_ENV'] === 'production') problems.push(...weakGatewaySecrets(environment), ...keyServerProblems(raw))
    return problems
  })
}

/** Of several servers the driver would choose the primary. */
function isOneServer(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol)) return false
  return !url.hostname.includes(',') && !url.searchParams.has('target_session_attrs')
}

function isOrigin(value: string): boolean {
  if (value === '*') return true
  // `https://*.example.com` can be parsed as a URL, but no page has that origin.
  if (value.includes('*') || !URL.canParse(value)) return false
  return new URL(value).origin === value.replace(/\/$/, '').toLowerCase()
}
