import { expect, test } from '@jest/globals'
import { createApiKey, createKysely } from '@paxyo/database'
import { TEST_JWT_SECRET } from '@paxyo/testkit'
import { jwtVerify } from 'jose'
import { startIngest } from '../../ingest-fixture.ts'

const verify = (token: string, secret: string) =>
  jwtVerify(token, new TextEncoder().encode(secret), { audience: 'paxyo', algorithms: ['HS256'] })

test('a token says who and until when, and the first secret signs it', async () => {
  const second = 'another-secret-of-more-than-32-bytes'
  await using ingest = await startIngest({}, { jwtSecrets: [TEST_JWT_SECRET, second] })
  const response = await ingest.call('POST', '/v1/tokens', { userId: 7, ttlSeconds: 60 })

  expect(response.statusCode).toBe(201)
  expect(response.headers['cache-control']).toBe('no-store')
  const { token, expiresAt } = response.json()
  const { payload } = await verify(token, TEST_JWT_SECRET)
  expect(payload).toMatchObject({ sub: '7', aud: 'paxyo' })
  expect(payload.exp! - payload.iat!).toBe(60)
  expect(new Date(payload.exp! * 1000).toISOString()).toBe(expiresAt)
  await expect(verify(token, second)).rejects.toThrow('signature verification failed')
})

test('a log line says who had it minted, for whom and from where, and does not contain it', async () => {
  await using ingest = await startIngest()
  const { token } = (await ingest.call('POST', '/v1/tokens', { userId: 'user-1' })).json()
  const { key, keyId } = (await createApiKey(createKysely(ingest.database.owner), 'the shop', { scopes: ['tokens'] }))!
  const headers = { authorization: `Bearer ${key}` }
  await ingest.call('POST', '/v1/tokens', { userId: 'user-2', ttlSeconds: 60 }, headers)

  expect(ingest.log.filter(({ msg }) => msg === 'token minted')).toMatchObject([
    { key: 'environment', userId: 'user-1', address: '127.0.0.1' },
    { key: 'the shop', keyId, userId: 'user-2', ttlSeconds: 60 },
  ])
  expect(JSON.stringify(ingest.log)).not.toContain(token)
  expect(JSON.stringify(ingest.log)).not.toContain(key)
})

test.each([59, 86_401, 0, 1.5, '60'])('it is not good for %p seconds', async (ttlSeconds) => {
  await using ingest = await startIngest()
  const response = await ingest.call('POST', '/v1/tokens', { userId: 'a', ttlSeconds })
  expect(response.json()).toMatchObject({ status: 400, code: 'validation_failed' })
})

test('without a secret there are none', async () => {
  await using ingest = await startIngest({}, { jwtSecrets: [] })
  const response = await ingest.call('POST', '/v1/tokens', { userId: 'a' })
  expect(response.json()).toMatchObject({ status: 501, code: 'token_minting_off' })
})
