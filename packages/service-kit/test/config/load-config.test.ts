import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { commonVariables, ConfigError, env, loadConfig } from '../../src/config/load-config.ts'

/** Loads one variable, `NAME`. */
const load = (schema: z.ZodType, value: string | undefined): unknown =>
  loadConfig({ NAME: schema }, { NAME: value }).NAME

/** The problems that `load` reports. */
function problemsOf(attempt: () => unknown): readonly string[] {
  try {
    attempt()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('a configuration', () => {
  const shape = {
    PORT: env.integer(1, 65_535).default(8080),
    DATABASE_URL: env.url('postgres', 'postgresql'),
    API_KEYS: env.secrets(16),
    ORIGINS: env.list.default([]),
  }
  const environment = { DATABASE_URL: 'postgres://localhost/paxyo', API_KEYS: 'a-key-of-16-bytes' }

  test('holds what was set, defaults where nothing was, and nothing else', () => {
    expect(loadConfig(shape, { ...environment, UNRELATED: 'x' })).toEqual({
      PORT: 8080,
      DATABASE_URL: 'postgres://localhost/paxyo',
      API_KEYS: ['a-key-of-16-bytes'],
      ORIGINS: [],
    })
  })

  test('is refused with all of its problems at once', () => {
    const wrong = { PORT: '99999', API_KEYS: 'short', ORIGINS: 'https://paxyo.example' }
    const check = (): string[] => ['ORIGINS and PORT do not go together']

    expect(problemsOf(() => loadConfig(shape, wrong, check))).toEqual([
      'PORT: must be at most 65535',
      'DATABASE_URL: is required',
      'API_KEYS: must be one or more secrets, separated by commas, of at least 16 bytes each',
      'ORIGINS and PORT do not go together',
    ])
    expect(() => loadConfig(shape, { PORT: 'x', API_KEYS: environment.API_KEYS })).toThrow(
      'The configuration is wrong:\n  - PORT: must be a whole number\n  - DATABASE_URL: is required',
    )
  })

  test('counts an empty variable as not set', () => {
    expect(loadConfig(shape, { ...environment, PORT: '', ORIGINS: '' })).toMatchObject({ PORT: 8080, ORIGINS: [] })
    expect(problemsOf(() => loadConfig(shape, { ...environment, API_KEYS: '' }))).toEqual(['API_KEYS: is required'])
  })

  test('is checked as a whole by its raw values, wrong ones included', () => {
    const seen: unknown[] = []
    problemsOf(() =>
      loadConfig(shape, { PORT: 'x', DATABASE_URL: '', UNRELATED: 'x' }, (raw) => {
        seen.push(raw)
        return []
      }),
    )
    expect(seen).toEqual([{ PORT: 'x' }])
  })
})

describe('a value in a file', () => {
  let folder: string
  let file: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paxyo-config-'))
    file = join(folder, 'secret')
    await writeFile(file, 'a-secret-of-a-file\n')
    await writeFile(join(folder, 'empty'), '\n')
  })
  afterAll(() => rm(folder, { recursive: true }))

  const shape = { SECRET: env.secrets(8) }

  test('is read from where NAME_FILE says, without the end of its line', () => {
    expect(loadConfig(shape, { SECRET_FILE: file })).toEqual({ SECRET: ['a-secret-of-a-file'] })
    expect(loadConfig(shape, { SECRET_FILE: file, SECRET: '' })).toEqual({ SECRET: ['a-secret-of-a-file'] })
    expect(loadConfig(shape, { SECRET_FILE: '', SECRET: 'a-secret-of-ours' })).toEqual({ SECRET: ['a-secret-of-ours'] })
  })

  test('must not be set in the environment, too', () => {
    expect(problemsOf(() => loadConfig(shape, { SECRET: 'a-secret-of-ours', SECRET_FILE: file }))).toEqual([
      'SECRET: SECRET and SECRET_FILE are both set',
    ])
  })

  test('must be there', () => {
    const missing = join(folder, 'missing')

    expect(problemsOf(() => loadConfig(shape, { SECRET_FILE: missing }))).toEqual([
      `SECRET: the file of SECRET_FILE cannot be read: ${missing}`,
    ])
    expect(problemsOf(() => loadConfig(shape, { SECRET_FILE: join(folder, 'empty') }))).toEqual(['SECRET: is required'])
  })
})

test.each([
  [env.integer(1, 10)],
  [env.url('postgres')],
  [env.secrets(100)],
  [env.webhookSecrets],
  [env.cidrs],
  [env.trustProxy],
  [env.logLevel],
])('no message repeats a value, which may be a secret', (schema) => {
  const problems = problemsOf(() => load(schema, 'mysql://me:hunter2@host'))

  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/^NAME: must be /)
  expect(problems[0]).not.toMatch(/hunter2/)
})

describe('a whole number', () => {
  test.each([
    ['1', 1],
    ['010', 10],
    ['65535', 65_535],
  ])('%p is %p', (value, expected) => {
    expect(load(env.integer(1, 65_535), value)).toBe(expected)
  })

  test.each([
    ['0', 'must be at least 1'],
    ['65536', 'must be at most 65535'],
    ['-1', 'must be a whole number'],
    ['1.5', 'must be a whole number'],
    ['1e3', 'must be a whole number'],
    ['0x10', 'must be a whole number'],
    ['8080 ', 'must be a whole number'],
    ['99999999999999999999', 'must be a whole number'],
    ['Infinity', 'must be a whole number'],
  ])('%p is none: %s', (value, problem) => {
    expect(problemsOf(() => load(env.integer(1, 65_535), value))).toEqual([`NAME: ${problem}`])
  })
})

test('an address is one of the protocols that are expected', () => {
  const schema = env.url('redis', 'rediss')

  expect(load(schema, 'rediss://me:p@host:6380/1')).toBe('rediss://me:p@host:6380/1')
  for (const wrong of ['http://host', 'host:6379', '//host', 'redis']) {
    expect(problemsOf(() => load(schema, wrong))).toEqual([
      'NAME: must be an address that begins with redis:// or rediss://',
    ])
  }
})

test('a list is split at commas, trimmed, and free of empty items', () => {
  expect(load(env.list, ' a, b ,,c,')).toEqual(['a', 'b', 'c'])
})

describe('secrets', () => {
  test('are counted in bytes of UTF-8, each for itself', () => {
    expect(load(env.secrets(8), '12345678, ü€ü€')).toEqual(['12345678', 'ü€ü€'])
    expect(problemsOf(() => load(env.secrets(8), '12345678,1234567'))).toHaveLength(1)
  })

  test('are at least one', () => {
    expect(problemsOf(() => load(env.secrets(1), ' , '))).toHaveLength(1)
  })
})

describe('networks', () => {
  test.each(['203.0.113.0/24', '203.0.113.7', '2001:db8::/32', '::1', '10.0.0.0/8, 192.168.0.0/16'])('%s', (value) => {
    expect(load(env.cidrs, value)).toEqual(value.split(', '))
  })

  test.each([
    '203.0.113.0/33',
    '203.0.113',
    '1',
    '0x7f000001',
    '203.0.113.256',
    'example.com',
    '::1/129',
    '10.0.0.0/8;::1',
    ',',
  ])('not %p', (value) => {
    expect(problemsOf(() => load(env.cidrs, value))).toEqual([
      'NAME: must be networks such as 203.0.113.0/24, separated by commas',
    ])
  })
})

describe('webhook secrets', () => {
  const write = (bytes: number): string => `whsec_${Buffer.alloc(bytes, bytes).toString('base64')}`

  test('are read as keys', () => {
    expect(load(env.webhookSecrets, `${write(24)}, ${write(64)}`)).toEqual([Buffer.alloc(24, 24), Buffer.alloc(64, 64)])
  })

  test.each([',', write(23), `${write(32)},${write(65)}`, write(32).slice('whsec_'.length)])('not %p', (value) => {
    expect(problemsOf(() => load(env.webhookSecrets, value))).toEqual([
      'NAME: must be one or more secrets, separated by commas, of the form whsec_<base64 of 24 to 64 bytes>',
    ])
  })
})

describe('whose X-Forwarded-For is believed', () => {
  test.each([
    ['true', true],
    ['false', false],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.1, fd00::/8', '10.0.0.1, fd00::/8'],
  ])('%s', (value, expected) => {
    expect(load(env.trustProxy, value)).toBe(expected)
  })

  test.each(['yes', '1', 'loopback', 'true,10.0.0.0/8', '10.0.0.0/8,', ' '])('not %p', (value) => {
    expect(problemsOf(() => load(env.trustProxy, value))).toEqual([
      'NAME: must be true, false, or networks such as 10.0.0.0/8, separated by commas',
    ])
  })
})

test('what every service reads has a default, and trusts nobody', () => {
  expect(loadConfig(commonVariables, {})).toEqual({ LOG_LEVEL: 'info', NODE_ENV: 'development', TRUST_PROXY: false })
  expect(problemsOf(() => loadConfig(commonVariables, { LOG_LEVEL: 'loud' }))).toEqual([
    'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
  ])
})
