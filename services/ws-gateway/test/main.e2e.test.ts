import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  bundleProgram,
  connectSocket,
  createTestDatabase,
  eventually,
  hostEnvironment,
  mintToken,
  sharedRedisUrl,
  startService,
  TEST_JWT_SECRET,
  type ServiceProcess,
  type TestDatabase,
  type TestSocket,
} from '@paxyo/testkit'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const MAIN = await bundleProgram(fileURLToPath(new URL('../src/main.ts', import.meta.url)))

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

const start = (drainSeconds: number, redisUrl = sharedRedisUrl()): Promise<ServiceProcess> =>
  startService('ws-gateway', {
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
    DRAIN_SECONDS: `${drainSeconds}`,
  })

async function connect({ url }: ServiceProcess): Promise<TestSocket> {
  // Redis is shared with other test files: no other file has these users.
  const client = await connectSocket(url, { token: await mintToken(randomUUID()) })
  await client.next('welcome')
  return client
}

test('a wrong environment ends it at once, with a line for each problem and none of the values', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN], {
    encoding: 'utf8',
    env: {
      ...hostEnvironment(),
      DATABASE_URL: 'mysql://localhost/paxyo',
      PORT: '80a',
      JWT_SECRETS: 'hunter2',
      NODE_ENV: 'production',
    },
  })

  expect(status).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toBe(`The configuration is wrong:
  - DATABASE_URL: must be an address that begins with postgres:// or postgresql://
  - REDIS_URL: is required
  - PORT: must be a whole number
  - JWT_SECRETS: must be one or more secrets, separated by commas, of at least 32 bytes each
  - ALLOWED_ORIGINS must be set in production: without it no page can connect
  - JWT_SECRETS: it can be guessed; use a random secret, such as the output of: openssl rand -hex 32
`)
})

test('a password that Redis refuses is not logged', async () => {
  await using service = await start(0, sharedRedisUrl().replace('//', '//somebody:hunter2@'))
  await eventually(() => service.output().includes('WRONGPASS'))

  expect(service.output()).not.toContain('hunter2')
})

describe('SIGTERM', () => {
  test('sends everybody elsewhere, then ends the process', async () => {
    await using service = await start(1)
    const clients = [await connect(service), await connect(service)]
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200)
    const startedAt = performance.now()

    expect(await service.end('SIGTERM')).toBe(0)
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(500)
    for (const client of clients) {
      expect(await client.closed()).toEqual({ code: 4000, reason: 'draining' })
      expect(await client.next('drain')).toMatchObject({ retryAfterMs: expect.any(Number) })
    }
  })

  test('with DRAIN_SECONDS=0 does so at once', async () => {
    await using service = await start(0)
    const clients = [await connect(service), await connect(service), await connect(service)]

    expect(await service.end('SIGTERM')).toBe(0)
    for (const client of clients) {
      expect(await client.closed()).toEqual({ code: 4000, reason: 'draining' })
      expect(await client.next('drain')).toEqual({ type: 'drain', retryAfterMs: 0 })
    }
  })

  test('a second time ends the process in the middle of a drain', async () => {
    await using service = await start(60)
    const clients = [await connect(service), await connect(service)]
    service.child.kill('SIGTERM')
    for (const client of clients) await client.next('drain')

    expect(await service.end('SIGTERM')).toBe(1)
    // No close frame is sent then; the drain would have sent one after half of its time.
    expect(await clients[1]!.closed()).toMatchObject({ code: 1006 })
  })
})
