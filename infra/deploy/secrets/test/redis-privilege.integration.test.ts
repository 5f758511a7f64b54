import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  CONTROL_CHANNEL,
  GATEWAYS_CHANNEL,
  heartbeatChannel,
  ingestChannel,
  OPERATIONS_CHANNEL,
  userChannel,
} from '@paxyo/contracts'
import { freePort, startRedisServer, type RedisServer } from '@paxyo/testkit'
import { Redis } from 'ioredis'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completeSecrets, retire, rotate, type SecretFiles } from '../src/index.ts'

// A Redis with the same files as in docker compose.

const REDIS_CONF = new URL('../../compose/redis/redis.conf', import.meta.url)
const OURS = `paxyo:${userChannel('user-1')}`
const CONTROL = `paxyo:${CONTROL_CHANNEL}`
const GATEWAYS = `paxyo:${GATEWAYS_CHANNEL}`
const OPERATIONS = `paxyo:${OPERATIONS_CHANNEL}`
const INGEST = `paxyo:${ingestChannel('ingest-1')}`
const HEARTBEAT = `paxyo:${heartbeatChannel('gateway-1')}`

let folder: string
let server: RedisServer
let port: number
let secrets: SecretFiles

beforeAll(async () => {
  secrets = await completeSecrets({}, ['localhost'], new Date())
  folder = mkdtempSync(join(tmpdir(), 'paxyo-redis-privilege-'))
  for (const name of ['ca.crt', 'redis.crt', 'redis.key', 'redis-users.acl']) {
    writeFileSync(join(folder, name), secrets[name]!)
  }
  port = await freePort()
  server = await startRedisServer([...settingsOf(REDIS_CONF), '--tls-port', `${port}`])
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** A configuration file as a command line. */
function settingsOf(file: URL): string[] {
  const lines = readFileSync(file, 'utf8').replaceAll('/run/secrets', folder).split('\n')
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => `--${line}`.match(/"[^"]*"|[^" ]+/g)!.map((word) => word.replaceAll('"', '')))
}

function connectAs(username?: string, password?: string): Redis {
  const redis = new Redis({
    port,
    host: 'localhost',
    tls: { ca: secrets['ca.crt']! },
    ...(username !== undefined && { username, password: password! }),
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
  })
  redis.on('error', () => undefined)
  return redis
}

function connectWith(service: 'ingest' | 'gateway', files = secrets): Redis {
  const { username, password } = new URL(files[`redis-url-${service}`]!)
  return connectAs(username, password)
}

/** @returns the first word of the error, or `done`. */
async function attempt(redis: Redis, command: readonly [string, ...string[]]): Promise<string> {
  const [name, ...parameters] = command
  try {
    await redis.call(name, ...parameters)
    return 'done'
  } catch (error) {
    return (error as Error).message.split(' ')[0]!
  } finally {
    redis.disconnect()
  }
}

/** Commands that neither service may run. */
const FORBIDDEN: readonly (readonly [string, ...string[]])[] = [
  ['SUBSCRIBE', 'other:{1}:user-1'],
  ['SUBSCRIBE', 'user-1'],
  ['PSUBSCRIBE', 'paxyo:*'],
  ['PSUBSCRIBE', '*'],
  ['PUBLISH', 'other:{1}:user-1', 'x'],
  ['SPUBLISH', 'other:{1}:user-1', 'x'],
  ['SET', 'paxyo:key', 'x'],
  ['GET', 'paxyo:key'],
  ['KEYS', '*'],
  ['FLUSHALL'],
  ['CONFIG', 'GET', '*'],
  ['CLIENT', 'LIST'],
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['ACL', 'LIST'],
  ['PUBSUB', 'CHANNELS'],
  ['MONITOR'],
  ['EVAL', 'return 1', '0'],
  ['SHUTDOWN', 'NOSAVE'],
  ['REPLICAOF', '127.0.0.1', '1'],
]

describe('webhook-ingest', () => {
  test.each([
    ['PUBLISH', OURS, 'x'],
    ['SPUBLISH', OURS, 'x'],
    ['PUBLISH', CONTROL, 'x'],
    ['SPUBLISH', CONTROL, 'x'],
    ['PUBLISH', OPERATIONS, 'x'],
    ['PUBLISH', INGEST, ''],
    ['SUBSCRIBE', INGEST],
    ['SSUBSCRIBE', GATEWAYS],
    ['SUBSCRIBE', GATEWAYS],
  ] as const)('may %s %s', async (...command) => {
    expect(await attempt(connectWith('ingest'), command)).toBe('done')
  })

  const forbidden = [
    ...FORBIDDEN,
    ['SUBSCRIBE', OURS],
    ['SSUBSCRIBE', OURS],
    ['SUBSCRIBE', CONTROL],
    ['SUBSCRIBE', OPERATIONS],
  ] as const
  test.each(forbidden.map((command) => [command]))('may not %j', async (command) => {
    expect(await attempt(connectWith('ingest'), command)).toBe('NOPERM')
  })
})

describe('a gateway', () => {
  test.each([
    ['SUBSCRIBE', OURS],
    ['SSUBSCRIBE', OURS],
    ['SUBSCRIBE', HEARTBEAT],
    ['PUBLISH', HEARTBEAT, ''],
    ['SPUBLISH', HEARTBEAT, ''],
    ['SUBSCRIBE', CONTROL],
    ['SSUBSCRIBE', CONTROL],
    ['SUBSCRIBE', OPERATIONS],
    ['SSUBSCRIBE', OPERATIONS],
    ['SUBSCRIBE', GATEWAYS],
    ['PUBLISH', GATEWAYS, 'x'],
    ['SPUBLISH', INGEST, 'x'],
  ] as const)('may %s %s', async (...command) => {
    expect(await attempt(connectWith('gateway'), command)).toBe('done')
  })

  const forbidden = [
    ...FORBIDDEN,
    ['PUBLISH', OURS, 'x'],
    ['SPUBLISH', OURS, 'x'],
    ['PUBLISH', CONTROL, 'x'],
    ['SPUBLISH', CONTROL, 'x'],
    ['PUBLISH', OPERATIONS, 'x'],
    ['SPUBLISH', OPERATIONS, 'x'],
  ] as const
  test.each(forbidden.map((command) => [command]))('may not %j', async (command) => {
    expect(await attempt(connectWith('gateway'), command)).toBe('NOPERM')
  })
})

test('who does not say who they are gets nowhere, and a wrong password is no better', async () => {
  expect(await attempt(connectAs(), ['PING'])).toBe('NOAUTH')
  expect(await attempt(connectAs(), ['PUBLISH', OURS, 'x'])).toBe('NOAUTH')
  expect(await attempt(connectAs('gateway', 'wrong'), ['PUBLISH', HEARTBEAT, 'x'])).toMatch(
    /NOAUTH|WRONGPASS|Connection/,
  )
  expect(await attempt(connectAs('default', ''), ['PING'])).toMatch(/NOAUTH|WRONGPASS|Connection/)
})

test('a rotated password: both work once the file is loaded again, then the new one alone', async () => {
  const operator = (): Redis => connectAs('operator', secrets['redis-operator-password'])
  const load = async (files: SecretFiles): Promise<string> => {
    writeFileSync(join(folder, 'redis-users.acl'), files['redis-users.acl']!)
    return attempt(operator(), ['ACL', 'LOAD'])
  }
  const both = await completeSecrets(rotate(secrets, 'redis-gateway-passwords'), ['localhost'], new Date())
  const after = await completeSecrets(retire(both, 'redis-gateway-passwords'), ['localhost'], new Date())

  expect(await load(both)).toBe('done')
  expect(await attempt(connectWith('gateway', secrets), ['SUBSCRIBE', OURS])).toBe('done')
  expect(await attempt(connectWith('gateway', both), ['SUBSCRIBE', OURS])).toBe('done')
  expect(await load(after)).toBe('done')
  expect(await attempt(connectWith('gateway', secrets), ['SUBSCRIBE', OURS])).not.toBe('done')
  expect(await attempt(connectWith('gateway', after), ['SUBSCRIBE', OURS])).toBe('done')
})
