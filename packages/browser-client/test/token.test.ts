import { expect, test } from '@jest/globals'
import { assert, property, string } from 'fast-check'
import { readToken } from '../src/token.ts'

const NOW_MS = 1_800_000_000_000
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (claims: object): string => `${encode({ alg: 'HS256' })}.${encode(claims)}.c2ln`

test('says whose it is, when it expires, and when a new one is wanted', () => {
  const value = jwt({ sub: 'Zoë–7', iat: NOW_MS / 1000, exp: NOW_MS / 1000 + 3600 })
  const expected = { userId: 'Zoë–7', expiresAtMs: NOW_MS + 3_600_000, renewAtMs: NOW_MS + 3_540_000, value }
  expect(readToken(value, NOW_MS)).toEqual(expected)
})

test.each([
  [7, '7'],
  [1.5, undefined],
  [2 ** 53, undefined],
  [null, undefined],
])('a numeric sub is read as the gateway reads it: %j', (sub, userId) => {
  expect(readToken(jwt({ sub }), NOW_MS).userId).toBe(userId)
})

test('a short-lived token is renewed in the last fifth of its life', () => {
  expect(readToken(jwt({ exp: NOW_MS / 1000 + 10 }), NOW_MS)).toMatchObject({ renewAtMs: NOW_MS + 8_000 })
})

test('its life is counted from when it came, so that a wrong clock does not matter', () => {
  const issuedS = NOW_MS / 1000 - 86_400
  const token = readToken(jwt({ iat: issuedS, exp: issuedS + 300 }), NOW_MS)
  expect(token.expiresAtMs).toBe(NOW_MS + 300_000)
})

test('one that has expired when it comes, by a clock that is wrong, is not asked for again and again', () => {
  const token = readToken(jwt({ sub: 'ann', exp: NOW_MS / 1000 - 60 }), NOW_MS)
  expect(token).toMatchObject({ userId: 'ann', expiresAtMs: undefined, renewAtMs: undefined })
})

test('what is no JWT is left to the server to judge', () => {
  assert(property(string(), (value) => expect(readToken(value, NOW_MS).value).toBe(value)))
  expect(readToken('opaque', NOW_MS)).toEqual({ value: 'opaque' })
  expect(readToken(jwt([1]), NOW_MS).userId).toBeUndefined()
})
