import { expect, test } from '@jest/globals'
import { jwtVerify } from 'jose'
import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { verifyHs256 } from '../../src/auth/verify-hs256.ts'

const NOW_S = 1_700_000_000
const SECRET = 'a secret for tests, of more than 32 bytes'
const key = createSecretKey(SECRET, 'utf8')

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const sign = (signed: string, secret = SECRET): string =>
  `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`

const often = (usual: unknown, ...others: fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, ...others)
const time = (usual: unknown): fc.Arbitrary<unknown> =>
  often(usual, fc.integer({ min: NOW_S - 63, max: NOW_S + 63 }), fc.jsonValue(), fc.double())
const headers = fc.record(
  {
    alg: often('HS256', fc.constantFrom('none', 'HS512', 'hs256')),
    crit: fc.jsonValue(),
    b64: fc.boolean(),
    typ: fc.string(),
  },
  { requiredKeys: ['alg'] },
)
const claims = fc.record(
  {
    sub: often('user-1', fc.jsonValue()),
    aud: often('paxyo', fc.constant(['panel', 'paxyo']), fc.jsonValue()),
    exp: time(NOW_S + 300),
    iat: time(NOW_S),
    nbf: time(NOW_S),
  },
  { requiredKeys: [] },
)
const tokens = fc
  .tuple(
    often(undefined, headers),
    fc.oneof({ weight: 6, arbitrary: claims }, fc.jsonValue()),
    fc.constantFrom('', '', '', '', '=', 'A', '.', ' '),
    fc.constantFrom(SECRET, SECRET, SECRET, 'another secret'),
  )
  .map(
    ([header, payload, end, secret]) => sign(`${encode(header ?? { alg: 'HS256' })}.${encode(payload)}`, secret) + end,
  )

test('a token that is verified on this thread is verified by jose, with the same claims', async () => {
  let verified = 0
  await fc.assert(
    fc.asyncProperty(tokens, async (token) => {
      const options = { audience: 'paxyo', nowMs: NOW_S * 1000 + 999, clockToleranceMs: 60_000 }
      const found = verifyHs256(token, { ...options, keys: [key] })
      if (found === undefined) return
      verified += 1
      const { payload } = await jwtVerify(token, new TextEncoder().encode(SECRET), {
        audience: 'paxyo',
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(options.nowMs),
        clockTolerance: 60,
        algorithms: ['HS256'],
      })
      expect(found).toEqual(payload)
    }),
    { numRuns: 2_000 },
  )
  expect(verified).toBeGreaterThan(50)
})

test('bytes that are not UTF-8, and a signature in another encoding, are left to jose', () => {
  const options = { keys: [key], audience: 'paxyo', nowMs: NOW_S * 1000, clockToleranceMs: 60_000 }
  const payload = Buffer.from(JSON.stringify({ sub: 'ä', aud: 'paxyo', exp: NOW_S + 300 }), 'latin1').toString(
    'base64url',
  )
  expect(verifyHs256(sign(`${encode({ alg: 'HS256' })}.${payload}`), options)).toBeUndefined()
  const good = sign(`${encode({ alg: 'HS256' })}.${encode({ sub: 'user-1', aud: 'paxyo', exp: NOW_S + 300 })}`)
  expect(verifyHs256(good, options)).toMatchObject({ sub: 'user-1' })
  expect(verifyHs256(`${good}=`, options)).toBeUndefined()
})
