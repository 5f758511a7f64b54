import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseDatabaseUrl, serversOf } from '../../src/servers/database-url.ts'

test.each([
  ['postgres://me@one/paxyo', ['postgres://me@one/paxyo']],
  ['postgresql://one:5432', ['postgresql://one:5432']],
  [
    'postgres://me:p%40ss@one:5432,two:5433,[::1]:1/paxyo?sslmode=verify-full&target_session_attrs=read-write',
    [
      'postgres://me:p%40ss@one:5432/paxyo?sslmode=verify-full',
      'postgres://me:p%40ss@two:5433/paxyo?sslmode=verify-full',
      'postgres://me:p%40ss@[::1]:1/paxyo?sslmode=verify-full',
    ],
  ],
  ['postgres://me@one,two/paxyo?target_session_attrs=primary', ['postgres://me@one/paxyo', 'postgres://me@two/paxyo']],
  ['postgres:///paxyo?host=/var/run/postgresql', ['postgres:///paxyo?host=/var/run/postgresql']],
])('%s names %j', (address, urls) => {
  expect(parseDatabaseUrl(address).urls).toEqual(urls)
})

test('one name may ask for the primary, too', () => {
  expect(parseDatabaseUrl('postgres://me@postgres-rw/paxyo?sslmode=require&target_session_attrs=primary')).toEqual({
    urls: ['postgres://me@postgres-rw/paxyo?sslmode=require'],
    asksForPrimary: true,
  })
  expect(parseDatabaseUrl('postgres://me@postgres-rw/target_session_attrs=').asksForPrimary).toBe(false)
})

test.each([
  ['mysql://me@one/paxyo', 'must be an address that begins with postgres:// or postgresql://'],
  ['one:5432,two:5432', 'must be an address that begins with postgres:// or postgresql://'],
  ['postgres://me@one,/paxyo', 'must not have an empty name between commas'],
  ['postgres://me@one:70000/paxyo', 'must be an address such as postgres://user:password@host:5432/database'],
  [
    'postgres://me@one,two/paxyo?target_session_attrs=any',
    'target_session_attrs must be read-write or primary: only the primary is used',
  ],
])('%s is rejected with the reason', (address, reason) => {
  expect(() => parseDatabaseUrl(address)).toThrow(reason)
})

test('every server keeps the login, the database and the parameters, in the order of the address', () => {
  const names = fc.array(fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 })), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(names, fc.string(), fc.string({ minLength: 1 }), (hosts, password, database) => {
      const list = hosts.map(([host, port]) => `${host}:${port}`)
      const login = `me:${encodeURIComponent(password)}`
      const address = `postgres://${login}@${list.join(',')}/${encodeURIComponent(database)}?a=b`
      expect(serversOf(address)).toEqual(list)
      expect(parseDatabaseUrl(address).urls).toEqual(
        list.map((host) => `postgres://${login}@${host}/${encodeURIComponent(database)}?a=b`),
      )
    }),
  )
})

test('a reason never repeats the address', () => {
  const secrets = fc.string({ minLength: 4, unit: fc.constantFrom('x', '@', ':', '/', ',', '%', '[') })
  fc.assert(
    fc.property(secrets, (secret) => {
      const reason = reasonFor(`postgres://me:zz${secret}@one:x,two/paxyo?target_session_attrs=zz`)
      expect(reason).not.toContain('zz')
    }),
  )
})

function reasonFor(address: string): string {
  try {
    parseDatabaseUrl(address)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
