import { describe, expect, test } from '@jest/globals'
import { ConfigError } from '@paxyo/service-kit'
import { loadGatewayConfig, replicaUrlOf } from '../src/config.ts'

const SECRET = '9c41d7f02be86a53c19e74d0f58b2a6037de41c8'

const required = {
  DATABASE_URL: 'postgres://user:password@localhost/paxyo',
  REDIS_URL: 'redis://localhost',
  JWT_SECRETS: SECRET,
}

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadGatewayConfig(environment)
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

test('what is not set has its default', () => {
  expect(loadGatewayConfig(required)).toEqual({
    DATABASE_URL: 'postgres://user:password@localhost/paxyo',
    DATABASE_READ_URL: undefined,
    READ_REPLICA: 'off',
    REDIS_URL: 'redis://localhost',
    REDIS_TOPOLOGY: 'single',
    REDIS_MESSAGE_KEYS: [],
    REDIS_SENTINEL_NAME: 'mymaster',
    REDIS_SENTINEL_PASSWORD: undefined,
    CHANNEL_PREFIX: 'paxyo:',
    JWT_SECRETS: [SECRET],
    JWT_JWKS_URL: undefined,
    JWT_AUDIENCE: 'paxyo',
    ALLOWED_ORIGINS: [],
    CONNECTIONS_MAX: 50_000,
    CONNECTIONS_PER_USER_MAX: 50,
    CONNECTIONS_PER_ADDRESS_MAX: 1_000,
    HANDSHAKES_PER_SECOND_MAX: 1_000,
    MESSAGES_PER_SECOND_MAX: 20,
    UNREAD_BYTES_MAX: 1_048_576,
    HELLO_TIMEOUT_SECONDS: 5,
    PING_INTERVAL_SECONDS: 25,
    CONNECTION_AGE_SECONDS_MAX: 3_600,
    HOST: '0.0.0.0',
    PORT: 8082,
    DRAIN_SECONDS: 10,
    LOG_LEVEL: 'info',
    NODE_ENV: 'development',
    TRUST_PROXY: false,
  })
})

test('without secrets and without an issuer nobody could say hello', () => {
  const { JWT_SECRETS: _secrets, ...others } = required

  expect(problemsOf(others)).toEqual([
    'one of JWT_SECRETS, JWT_JWKS_URL must be set: without them no client can authenticate',
  ])
  expect(problemsOf({ ...others, JWT_JWKS_URL: 'https://panel.example.com/jwks.json' })).toEqual([])
})

test('a secret that can be guessed is refused, without being repeated', () => {
  const problems = problemsOf({ ...required, JWT_SECRETS: `${SECRET},hunter2` })

  expect(problems).toEqual(['JWT_SECRETS: must be one or more secrets, separated by commas, of at least 32 bytes each'])
})

test('a long secret that can be guessed is refused in production', () => {
  const origins = { NODE_ENV: 'production', ALLOWED_ORIGINS: 'https://panel.example.com' }
  const weak = { ...required, ...origins, JWT_SECRETS: `${SECRET},my-super-secret-jwt-key-of-32-bytes` }

  expect(problemsOf({ ...required, ...origins })).toEqual([])
  expect(problemsOf(weak)).toEqual([
    'JWT_SECRETS: number 2 can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
  ])
})

test('a replica is read only when it is named and switched on', () => {
  const named = { ...required, DATABASE_READ_URL: 'postgres://standby/paxyo' }
  expect(problemsOf({ ...required, READ_REPLICA: 'on' })).toEqual([
    'DATABASE_READ_URL must be set when READ_REPLICA is on',
  ])
  expect(replicaUrlOf(loadGatewayConfig({ ...named, READ_REPLICA: 'on' }))).toBe('postgres://standby/paxyo')
  expect(replicaUrlOf(loadGatewayConfig(named))).toBeUndefined()
  for (const url of [
    'standby',
    'http://standby',
    'postgres://a,b/paxyo',
    'postgres://a:1,b:2/paxyo',
    'postgres://a/b?target_session_attrs=standby',
  ]) {
    expect(problemsOf({ ...named, DATABASE_READ_URL: url })).toEqual([
      expect.stringMatching(/^DATABASE_READ_URL: must be the address of one standby/),
    ])
  }
})

test('keys over http are refused in production', () => {
  for (const JWT_JWKS_URL of ['http://panel.example.com/jwks.json', 'HTTP://panel.example.com/jwks.json']) {
    const jwks = { ...required, ALLOWED_ORIGINS: '*', JWT_JWKS_URL }
    expect(problemsOf(jwks)).toEqual([])
    expect(problemsOf({ ...jwks, NODE_ENV: 'production' })).toEqual([
      'JWT_JWKS_URL must begin with https:// in production: over http its keys can be replaced on the way',
    ])
  }
})

describe('ALLOWED_ORIGINS', () => {
  test('must be set in production', () => {
    expect(problemsOf({ ...required, NODE_ENV: 'production' })).toEqual([
      'ALLOWED_ORIGINS must be set in production: without it no page can connect',
    ])
  })

  test.each(['https://panel.example.com', 'https://a.example/, http://localhost:3000', '*'])('may be %s', (origins) => {
    expect(problemsOf({ ...required, ALLOWED_ORIGINS: origins })).toEqual([])
  })

  test.each(['panel.example.com', 'https://panel.example.com/shop', 'https://*.example.com', ','])(
    'may not be %s',
    (origins) => {
      expect(problemsOf({ ...required, ALLOWED_ORIGINS: origins })).toEqual([
        'ALLOWED_ORIGINS: must be origins such as https://panel.example.com, separated by commas, or *',
      ])
    },
  )
})

test('all problems are listed at once', () => {
  const problems = problemsOf({
    DATABASE_URL: 'mysql://localhost/paxyo',
    PORT: '80a',
    DRAIN_SECONDS: '601',
    LOG_LEVEL: 'loud',
    TRUST_PROXY: 'yes',
  })

  expect(problems.map((problem) => problem.split(/[: ]/)[0])).toEqual([
    'DATABASE_URL',
    'REDIS_URL',
    'PORT',
    'DRAIN_SECONDS',
    'LOG_LEVEL',
    'TRUST_PROXY',
    'one',
  ])
})
