import { describe, expect, test } from '@jest/globals'
import { X509Certificate } from 'node:crypto'
import { completeSecrets, retire, rotate, ROTATABLE } from '../src/index.ts'

/** They stay empty until an operator fills them in. */
const GIVEN_BY_OTHERS = new Set([
  'provider-api-key',
  'outgoing-webhook-secrets',
  'archive-s3-access-key-id',
  'archive-s3-secret-access-key',
])
const NOW = new Date('2026-11-22T12:00:00Z')
const HOSTS = ['rt.example.com', '203.0.113.7'] as const
const make = (present = {}) => completeSecrets(present, [...HOSTS], NOW)

test('what is there stays as it is', async () => {
  const first = await make()

  expect(await make(first)).toEqual(first)
  expect(await make({ 'jwt-secrets': 'mine' })).toMatchObject({ 'jwt-secrets': 'mine' })
})

test('no two secrets are the same, and each is long enough', async () => {
  const files = await make()
  const values = Object.entries(files)
    .filter(([name]) => /password|secret|token|key|login/.test(name) && !name.endsWith('.key'))
    .filter(([name]) => !GIVEN_BY_OTHERS.has(name))
    .map(([, value]) => value.replace(/^(?:whsec_|\w+?_\d+:)/, ''))

  expect(new Set(values).size).toBe(values.length)
  expect(values.length).toBeGreaterThan(10)
  for (const value of values) expect(Buffer.from(value, 'base64url').length).toBeGreaterThanOrEqual(32)
})

test('the addresses carry the logins, and ask for TLS that is verified', async () => {
  const files = await make()
  const url = new URL(files['database-url-gateway']!)

  expect(`${url.username}:${url.password}`).toBe(files['postgres-gateway-login'])
  expect(url.searchParams.get('sslmode')).toBe('verify-full')
  url.port = '5433'
  expect(files['database-read-url']).toBe(url.href)
  expect(files['redis-url-ingest']).toBe(`rediss://ingest:${files['redis-ingest-passwords']}@redis:6379`)
})

test('the authority vouches for PostgreSQL, Redis and the site, each by its own names', async () => {
  const files = await make()
  const authority = new X509Certificate(files['ca.crt']!)
  const cases = { 'postgres.crt': 'postgres', 'redis.crt': 'redis', 'tls/site.pem': 'rt.example.com' }

  expect(authority.ca).toBe(true)
  for (const [file, host] of Object.entries(cases)) {
    const certificate = new X509Certificate(files[file]!)
    expect(certificate.verify(authority.publicKey)).toBe(true)
    expect(certificate.checkHost(host)).toBe(host)
    expect(certificate.checkHost('somebody.example')).toBeUndefined()
    expect(certificate.ca).toBe(false)
  }
  expect(new X509Certificate(files['tls/site.pem']!).checkIP('203.0.113.7')).toBe('203.0.113.7')
  // Where there are three PostgreSQL servers, an address names them.
  const postgres = new X509Certificate(files['postgres.crt']!)
  for (const host of ['postgres-one', 'postgres-two', 'postgres-three']) expect(postgres.checkHost(host)).toBe(host)
})

test("the site's own certificate is not replaced, and has nothing put beside it", async () => {
  const files = await make({ 'tls/mine.pem': 'from an authority' })

  expect(Object.keys(files).filter((name) => name.startsWith('tls/'))).toEqual(['tls/mine.pem'])
})

describe('rotation', () => {
  test.each(ROTATABLE.filter((name) => !name.endsWith('-login')))('%s: both work, then the new one', async (name) => {
    const before = await make()
    const both = rotate(before, name)
    const after = retire(both, name)

    expect(both[name]!.split(',')).toEqual([after[name], before[name]])
    expect(after[name]).not.toBe(before[name])
  })

  test('a new login of PostgreSQL has another name, so that the old one goes on working', async () => {
    const before = await make()
    const after = await make(rotate(before, 'postgres-ingest-login'))

    expect(before['postgres-ingest-login']).toMatch(/^paxyo_ingest_1:/)
    expect(after['postgres-ingest-login']).toMatch(/^paxyo_ingest_2:/)
    expect(after['database-url-ingest']).toContain('//paxyo_ingest_2:')
  })

  test('Redis is told of both passwords, and services use the new one', async () => {
    const before = await make()
    const both = await make(rotate(before, 'redis-ingest-passwords'))
    const line = both['redis-users.acl']!.split('\n').find((text) => text.startsWith('user ingest '))

    expect(line!.match(/#[0-9a-f]{64}/g)).toHaveLength(2)
    expect(both['redis-url-ingest']).toContain(both['redis-ingest-passwords']!.split(',')[0]!)
  })

  test('what is not to be rotated is refused with what is', async () => {
    const files = await make()

    expect(() => rotate(files, 'ca.crt')).toThrow('ca.crt cannot be rotated; available: jwt-secrets')
  })
})
