import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createKysely, createPool, type Database } from '@paxyo/database'
import { eventually } from '@paxyo/testkit'
import type { Kysely } from 'kysely'
import { API_KEYS_MAX, createApiKey, listApiKeys, revokeApiKey } from '@paxyo/database'
import { createApiKeyStore } from '@paxyo/panel-api-kit'
import { API_KEY, startIngest, type IngestFixture } from '../../ingest-fixture.ts'
import { pino } from 'pino'

/** Two seconds on an idle machine. */
const REVOKED_MS_MAX = 30_000

let ingest: IngestFixture
let db: Kysely<Database>
beforeAll(async () => {
  ingest = await startIngest()
  db = createKysely(ingest.database.owner)
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const statusWith = async (key: string): Promise<number> =>
  (await ingest.call('GET', '/v1/orders', undefined, { authorization: `Bearer ${key}` })).statusCode

test('a new key works at once, beside the others, and is stored as a hash', async () => {
  const made = (await createApiKey(db, 'shop'))!
  const other = (await createApiKey(db, 'shop, the next one'))!

  expect(made.key).toMatch(/^pxk_[0-9a-f]{12}_[\w-]{43}$/)
  expect(made.key.startsWith(`${made.keyId}_`)).toBe(true)
  expect(await Promise.all([made.key, other.key, API_KEY].map(statusWith))).toEqual([200, 200, 200])

  const { rows } = await ingest.database.owner.query(`SELECT row_to_json(api_keys)::text AS row FROM api_keys`)
  expect(rows).toHaveLength(2)
  for (const { row } of rows) {
    expect(row).not.toContain(made.key.slice(made.keyId.length + 1))
    expect(row).not.toContain(other.key.slice(other.keyId.length + 1))
  }
})

test('a revoked key stops working within seconds, and another one does not', async () => {
  const made = (await createApiKey(db, 'lost'))!
  const other = (await createApiKey(db, 'kept'))!
  expect(await statusWith(made.key)).toBe(200)
  expect(await revokeApiKey(db, made.keyId)).toBe(true)

  await eventually(async () => (await statusWith(made.key)) === 401, REVOKED_MS_MAX)
  expect(await statusWith(other.key)).toBe(200)
  expect(await revokeApiKey(db, made.keyId)).toBe(false)
  expect(await revokeApiKey(db, 'pxk_000000000000')).toBe(false)
  // The complete key is accepted, too: its owner may have nothing else.
  expect(await revokeApiKey(db, other.key)).toBe(true)
})

test('the list names keys, says when they were used, and shows none', async () => {
  const pool = ingest.database.poolAs('ingest', 1)
  const made = (await createApiKey(db, 'used'))!
  const unused = (await createApiKey(db, 'unused'))!
  const ring = createApiKeyStore({ db: createKysely(pool), keys: [], log: pino({ level: 'silent' }) })
  expect(await ring.authenticate(made.key, '127.0.0.1')).toMatchObject({ id: made.keyId })
  await ring.close()

  const keys = await listApiKeys(db)
  expect(keys.find(({ keyId }) => keyId === made.keyId)).toEqual({
    keyId: made.keyId,
    name: 'used',
    createdAt: expect.any(Date),
    lastUsedAt: expect.any(Date),
    revokedAt: null,
    scopes: ['read'],
    expiresAt: null,
    allowedNetworks: null,
  })
  expect(keys.find(({ keyId }) => keyId === unused.keyId)?.lastUsedAt).toBeNull()
  expect(JSON.stringify(keys)).not.toContain(made.key)
})

test('every wrong key is answered in the same way', async () => {
  const { key, keyId } = (await createApiKey(db, 'guessed'))!
  const revoked = (await createApiKey(db, 'revoked'))!
  await revokeApiKey(db, revoked.keyId)
  const wrong = [
    `Bearer ${keyId}_${'x'.repeat(43)}`,
    `Bearer pxk_000000000000_${'x'.repeat(43)}`,
    `Bearer ${key}x`,
    `Bearer ${key.toUpperCase()}`,
    `Bearer ${keyId}`,
    `Bearer ${revoked.key}`,
    `Basic ${key}`,
    key,
    'Bearer',
    '',
  ]
  const responses = await Promise.all(
    wrong.map((authorization) => ingest.call('GET', '/v1/orders', undefined, { authorization })),
  )
  expect(new Set(responses.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1)
  expect(responses[0]!.json()).toMatchObject({ status: 401, code: 'unauthorized' })
  expect(new Set(responses.map(({ headers }) => Object.keys(headers).join(' '))).size).toBe(1)
})

test('a thousand wrong keys at once cost a few queries', async () => {
  const pool = ingest.database.poolAs('ingest', 2)
  let queries = 0
  pool.on('acquire', () => (queries += 1))
  const ring = createApiKeyStore({ db: createKysely(pool), keys: [], log: pino({ level: 'silent' }) })
  const wrong = `pxk_000000000000_${'x'.repeat(43)}`
  const holders = await Promise.all(Array.from({ length: 1_000 }, () => ring.authenticate(wrong, '127.0.0.1')))

  expect(new Set(holders)).toEqual(new Set([undefined]))
  expect(queries).toBeLessThanOrEqual(4)
})

test('keys are loaded again before they are too old, and no request waits for it', async () => {
  const made = (await createApiKey(db, 'steady'))!
  let nowMs = 0
  const options = { keys: ['of-the-environment'], now: () => nowMs, log: pino({ level: 'silent' }) }
  const ring = createApiKeyStore({ db: createKysely(ingest.database.poolAs('ingest', 2)), ...options })
  const authenticate = async (): Promise<(string | undefined)[]> =>
    Promise.all([made.key, 'of-the-environment'].map(async (key) => (await ring.authenticate(key, '127.0.0.1'))?.id))
  const both = [made.keyId, 'environment']
  expect(await authenticate()).toEqual(both)

  const holder = await ingest.database.owner.connect()
  await holder.query('BEGIN; LOCK TABLE api_keys, revoked_keys IN ACCESS EXCLUSIVE MODE')
  nowMs = 700
  // The load that begins waits for the lock.
  expect(await authenticate()).toEqual(both)
  await holder.query('UPDATE api_keys SET revoked_at = now() WHERE key_id = $1', [made.keyId])
  nowMs = 1_000
  const waiting = authenticate()
  await holder.query('COMMIT')
  holder.release()
  expect(await waiting).toEqual([undefined, 'environment'])
  await ring.close()
})

test('no more than a bounded number of keys is in force', async () => {
  const inForce = (await listApiKeys(db)).filter(({ revokedAt }) => revokedAt === null).length
  const made = await Promise.all(Array.from({ length: API_KEYS_MAX - inForce }, () => createApiKey(db, 'many')))
  expect(made).not.toContain(undefined)
  expect(await createApiKey(db, 'one too many')).toBeUndefined()
})

test('before the keys were loaded once, no key is accepted: also one of the environment may be revoked', async () => {
  await ingest.database.owner.query(`UPDATE api_keys SET revoked_at = now() WHERE name = 'many'`)
  const { key } = (await createApiKey(db, 'offline'))!
  const nowhere = createPool({ url: 'postgres://me@127.0.0.1:1/paxyo', role: 'ingest', name: 'test', max: 1 })
  const keys = ['of-the-environment']
  const ring = createApiKeyStore({ db: createKysely(nowhere), keys, log: pino({ level: 'silent' }) })

  await expect(ring.authenticate('of-the-environment', '127.0.0.1')).rejects.toThrow('ECONNREFUSED')
  await expect(ring.authenticate(key, '127.0.0.1')).rejects.toThrow('ECONNREFUSED')
  await nowhere.end()
})
