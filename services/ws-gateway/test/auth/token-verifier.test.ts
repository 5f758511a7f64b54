import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { eventually, mintToken, TEST_JWT_SECRET } from '@paxyo/testkit'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type GenerateKeyPairResult } from 'jose'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createKeyServer } from '../../src/auth/key-server.ts'
import { createTokenVerifier } from '../../src/auth/token-verifier.ts'

const NOW_MS = Date.now()
const NOW_S = Math.floor(NOW_MS / 1000)
const OTHER_SECRET = 'another secret for tests, of more than 32 bytes'

const secretKey = (secret: string): Uint8Array => new TextEncoder().encode(secret)

/** A token with everything that it needs, to take something away from. */
const goodToken = (): SignJWT =>
  new SignJWT()
    .setSubject('user-1')
    .setAudience('paxyo')
    .setExpirationTime(NOW_S + 300)

const signed = (token: SignJWT, alg = 'HS256', secret = TEST_JWT_SECRET): Promise<string> =>
  token.setProtectedHeader({ alg }).sign(secretKey(secret))

const bearer = { userId: 'user-1', expiresAtMs: (NOW_S + 300) * 1000, issuedAtMs: 0 }

describe('with a secret', () => {
  const verify = createTokenVerifier({ secrets: [TEST_JWT_SECRET], audience: 'paxyo' })

  test('a good token says who it is, and for how long', async () => {
    expect(await verify(await signed(goodToken()), NOW_MS)).toEqual(bearer)
  })

  test('a token as the panel mints it is good', async () => {
    expect(await verify(await mintToken('user-2'), Date.now())).toMatchObject({ userId: 'user-2' })
  })

  test('when it was issued is known, if it says so', async () => {
    const token = await signed(goodToken().setIssuedAt(NOW_S - 60))
    expect(await verify(token, NOW_MS)).toEqual({ ...bearer, issuedAtMs: (NOW_S - 60) * 1000 })
    const text = await signed(
      new SignJWT({ iat: 'now' as never })
        .setSubject('user-1')
        .setAudience('paxyo')
        .setExpirationTime(NOW_S + 300),
    )
    expect(await verify(text, NOW_MS)).toBe('invalid_token')
  })

  test('one of several audiences suffices', async () => {
    const token = await signed(goodToken().setAudience(['panel', 'paxyo']))

    expect(await verify(token, NOW_MS)).toEqual(bearer)
  })

  test('an expired token is called expired, so that the page gets a new one', async () => {
    const token = await signed(goodToken())

    expect(await verify(token, NOW_MS + 299_000)).toEqual(bearer)
    expect(await verify(token, NOW_MS + 362_000)).toBe('token_expired')
  })

  test.each([
    ['nbf', 59, () => goodToken().setNotBefore(NOW_S + 59)],
    ['iat', 59, () => goodToken().setIssuedAt(NOW_S + 59)],
    ['exp', -59, () => goodToken().setExpirationTime(NOW_S - 59)],
  ])('a token whose %s is %d s away is good: clocks differ', async (_claim, _seconds, mint) => {
    expect(await verify(await signed(mint()), NOW_MS)).toMatchObject({ userId: 'user-1' })
  })

  test('a token that will become valid is not called invalid', async () => {
    const token = await signed(goodToken().setNotBefore(NOW_S + 90))

    expect(await verify(token, NOW_MS)).toBe('token_not_yet_valid')
    expect(await verify(token, NOW_MS + 31_000)).toEqual(bearer)
  })

  test.each([
    [7, '7'],
    [0, '0'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('a sub may be a number, as many PHP libraries write it: %d', async (sub, userId) => {
    const token = new SignJWT({ sub: sub as unknown as string }).setAudience('paxyo').setExpirationTime(NOW_S + 300)

    expect(await verify(await signed(token), NOW_MS)).toEqual({ ...bearer, userId })
  })

  test.each([1.5, 2 ** 53, null, true, ['user-1'], {}])('a sub of %j is invalid', async (sub) => {
    const token = new SignJWT({ sub: sub as string }).setAudience('paxyo').setExpirationTime(NOW_S + 300)

    expect(await verify(await signed(token), NOW_MS)).toBe('invalid_token')
  })

  test.each([
    ['of another secret', () => signed(goodToken(), 'HS256', OTHER_SECRET)],
    ['of another secret, and expired', () => signed(goodToken().setExpirationTime(NOW_S - 90), 'HS256', OTHER_SECRET)],
    ['for another audience', () => signed(goodToken().setAudience('somebody else'))],
    ['for no audience', () => signed(new SignJWT().setSubject('user-1').setExpirationTime(NOW_S + 300))],
    ['without sub', () => signed(new SignJWT().setAudience('paxyo').setExpirationTime(NOW_S + 300))],
    ['with an empty sub', () => signed(goodToken().setSubject(''))],
    ['with a sub that is too long', () => signed(goodToken().setSubject('u'.repeat(129)))],
    ['with a sub that no user can have', () => signed(goodToken().setSubject('user-1\u0000'))],
    ['without exp', () => signed(new SignJWT().setSubject('user-1').setAudience('paxyo'))],
    [
      'that is not valid yet, of another secret',
      () => signed(goodToken().setNotBefore(NOW_S + 90), 'HS256', OTHER_SECRET),
    ],
    ['of HS512, with the right secret', () => signed(goodToken(), 'HS512')],
    ['of no algorithm', async () => new UnsecuredJWT({ sub: 'user-1', aud: 'paxyo', exp: NOW_S + 300 }).encode()],
    ['that is cut off', async () => (await signed(goodToken())).slice(0, -10)],
    ['that is none', async () => 'not a token'],
  ])('a token %s is invalid', async (_name, mint) => {
    expect(await verify(await mint(), NOW_MS)).toBe('invalid_token')
  })
})

test('while secrets are rotated both are good', async () => {
  const verify = createTokenVerifier({ secrets: [OTHER_SECRET, TEST_JWT_SECRET], audience: 'paxyo' })
  const [byOld, byNew] = [await signed(goodToken()), await signed(goodToken(), 'HS256', OTHER_SECRET)]

  expect([await verify(byOld, NOW_MS), await verify(byNew, NOW_MS)]).toEqual([bearer, bearer])
  expect(await verify(byOld, NOW_MS + 362_000)).toBe('token_expired')
})

describe('with the public keys of an issuer', () => {
  let keys: GenerateKeyPairResult
  let rsaKeys: GenerateKeyPairResult
  let server: Server
  let jwksUrl: string
  /** The responses of the issuer, by path. */
  const responses: Record<string, { status: number; body: string }> = {}
  const verifierOf = (path: string, secrets: readonly string[] = []) =>
    createTokenVerifier({ secrets, keyServer: createKeyServer({ url: `${jwksUrl}${path}` }), audience: 'paxyo' })

  beforeAll(async () => {
    keys = await generateKeyPair('EdDSA')
    rsaKeys = await generateKeyPair('RS256')
    const jwks = [
      { ...(await exportJWK(keys.publicKey)), kid: 'ed', alg: 'EdDSA' },
      { ...(await exportJWK(rsaKeys.publicKey)), kid: 'rsa', alg: 'RS256' },
    ]
    responses['/jwks'] = { status: 200, body: JSON.stringify({ keys: jwks }) }
    responses['/failing'] = { status: 503, body: 'later' }
    responses['/page'] = { status: 200, body: '<html>' }
    responses['/not-keys'] = { status: 200, body: '{"keys":1}' }
    server = createServer((request, response) => {
      const { status, body } = responses[request.url ?? '']!
      response.writeHead(status).end(body)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    jwksUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('an EdDSA token of its key is good', async () => {
    const token = await goodToken().setProtectedHeader({ alg: 'EdDSA', kid: 'ed' }).sign(keys.privateKey)

    expect(await verifierOf('/jwks')(token, NOW_MS)).toEqual(bearer)
    expect(await verifierOf('/jwks')(token, NOW_MS + 362_000)).toBe('token_expired')
  })

  test('an RS256 token of its key is good', async () => {
    const token = await goodToken().setProtectedHeader({ alg: 'RS256', kid: 'rsa' }).sign(rsaKeys.privateKey)

    expect(await verifierOf('/jwks')(token, NOW_MS)).toEqual(bearer)
  })

  test('a token of another key is invalid', async () => {
    const stranger = await generateKeyPair('EdDSA')
    const token = await goodToken().setProtectedHeader({ alg: 'EdDSA', kid: 'ed' }).sign(stranger.privateKey)

    expect(await verifierOf('/jwks')(token, NOW_MS)).toBe('invalid_token')
  })

  test('a key that the issuer has begun to use since its keys were fetched is not called invalid', async () => {
    const next = await generateKeyPair('EdDSA')
    const jwk = async ({ publicKey }: GenerateKeyPairResult, kid: string) => ({ ...(await exportJWK(publicKey)), kid })
    const publish = async (...published: readonly Promise<object>[]): Promise<void> => {
      responses['/rotating'] = { status: 200, body: JSON.stringify({ keys: await Promise.all(published) }) }
    }
    await publish(jwk(keys, 'first'))
    const verify = verifierOf('/rotating')
    const byFirst = await goodToken().setProtectedHeader({ alg: 'EdDSA', kid: 'first' }).sign(keys.privateKey)
    const byNext = await goodToken().setProtectedHeader({ alg: 'EdDSA', kid: 'next' }).sign(next.privateKey)
    expect(await verifierOf('/rotating')(byNext, NOW_MS)).toBe('invalid_token')

    expect(await verify(byFirst, NOW_MS)).toEqual(bearer)
    await publish(jwk(keys, 'first'), jwk(next, 'next'))
    // They are not fetched again immediately.
    expect(await verify(byNext, NOW_MS)).toBe('unavailable')
    expect(await verifierOf('/rotating')(byNext, NOW_MS)).toEqual(bearer)
  })

  describe('that goes away', () => {
    afterEach(() => {
      jest.restoreAllMocks()
    })
    const jumpTo = (ms: number): void => void jest.spyOn(Date, 'now').mockImplementation(() => NOW_MS + ms)

    test('keeps serving with its last keys for hours, says so, and recovers by itself', async () => {
      const token = await goodToken()
        .setExpirationTime(NOW_S + 48 * 3600)
        .setProtectedHeader({ alg: 'EdDSA', kid: 'ed' })
        .sign(keys.privateKey)
      responses['/away'] = responses['/jwks']!
      const changes: boolean[] = []
      const keyServer = createKeyServer({
        url: `${jwksUrl}/away`,
        onChange: (error) => changes.push(error === undefined),
      })
      const verify = createTokenVerifier({ secrets: [], keyServer, audience: 'paxyo' })
      expect(await verify(token, NOW_MS)).toMatchObject({ userId: 'user-1' })

      responses['/away'] = responses['/failing']!
      jumpTo(11 * 60_000)
      expect(await verify(token, NOW_MS)).toMatchObject({ userId: 'user-1' })
      await eventually(() => keyServer.isUnavailable)
      jumpTo(23 * 3_600_000)
      expect(await verify(token, NOW_MS)).toMatchObject({ userId: 'user-1' })
      const unknown = await goodToken().setProtectedHeader({ alg: 'EdDSA', kid: 'new' }).sign(keys.privateKey)
      expect(await verify(unknown, NOW_MS)).toBe('unavailable')

      jumpTo(25 * 3_600_000)
      expect(await verify(token, NOW_MS)).toBe('unavailable')
      responses['/away'] = responses['/jwks']!
      jumpTo(26 * 3_600_000)
      expect(await verify(token, NOW_MS)).toMatchObject({ userId: 'user-1' })
      await eventually(() => !keyServer.isUnavailable)
      expect(changes).toEqual([false, true])
    })

    test('is called away also when its keys could never be fetched', async () => {
      const token = await goodToken().setProtectedHeader({ alg: 'EdDSA', kid: 'ed' }).sign(keys.privateKey)
      responses['/starting'] = responses['/failing']!
      const changes: boolean[] = []
      const keyServer = createKeyServer({
        url: `${jwksUrl}/starting`,
        onChange: (error) => changes.push(error === undefined),
      })
      const verify = createTokenVerifier({ secrets: [], keyServer, audience: 'paxyo' })

      expect(await Promise.all([verify(token, NOW_MS), verify(token, NOW_MS)])).toEqual(['unavailable', 'unavailable'])
      expect(keyServer.isUnavailable).toBe(true)
      responses['/starting'] = responses['/jwks']!
      expect(await verify(token, NOW_MS)).toEqual(bearer)
      expect(keyServer.isUnavailable).toBe(false)
      expect(changes).toEqual([false, true])
    })

    test('is asked every half minute while it is away, however many tokens are verified', async () => {
      jest.useFakeTimers({ now: NOW_MS, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
      try {
        const keyServer = createKeyServer({ url: 'https://issuer.example.com/jwks' })
        const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'ed', alg: 'EdDSA' }] }
        const fetched = jest.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json(jwks))
        const verify = () => keyServer.getKey({ alg: 'EdDSA', kid: 'ed' }, {} as never)
        const settle = () => new Promise((resolve) => setImmediate(resolve))
        await verify()
        fetched.mockRejectedValue(new TypeError('the issuer is away'))
        jest.setSystemTime(NOW_MS + 11 * 60_000)
        const countBefore = fetched.mock.calls.length
        for (let halfMinute = 0; halfMinute < 20; halfMinute += 1) {
          // A token comes when the next fetch is due, just before the timer.
          await verify()
          await settle()
          await jest.advanceTimersByTimeAsync(29_999)
          await settle()
          jest.setSystemTime(Date.now() + 1)
        }

        expect(fetched.mock.calls.length - countBefore).toBeLessThanOrEqual(21)
      } finally {
        jest.useRealTimers()
      }
    })
  })

  test('the public key is no HMAC secret', async () => {
    const asText = await signed(goodToken(), 'HS256', await exportSPKI(rsaKeys.publicKey))
    const asBytes = await goodToken()
      .setProtectedHeader({ alg: 'HS256', kid: 'ed' })
      .sign(Buffer.from((await exportJWK(keys.publicKey)).x!, 'base64url'))

    expect(await verifierOf('/jwks')(asText, NOW_MS)).toBe('invalid_token')
    expect(await verifierOf('/jwks')(asBytes, NOW_MS)).toBe('invalid_token')
  })

  test.each([
    ['nobody answers', 'http://127.0.0.1:1/jwks'],
    ['the issuer fails', '/failing'],
    ['the answer is no JSON', '/page'],
    ['the answer is no key set', '/not-keys'],
  ])('when %s nothing is known about a token', async (_name, path) => {
    const token = await goodToken().setProtectedHeader({ alg: 'EdDSA', kid: 'ed' }).sign(keys.privateKey)
    const verify = path.startsWith('/')
      ? verifierOf(path, [TEST_JWT_SECRET])
      : createTokenVerifier({
          secrets: [TEST_JWT_SECRET],
          keyServer: createKeyServer({ url: path }),
          audience: 'paxyo',
        })

    expect(await verify(token, NOW_MS)).toBe('unavailable')
    expect(await verify(await signed(goodToken()), NOW_MS)).toEqual(bearer)
    expect(await verify(await signed(goodToken(), 'HS256', OTHER_SECRET), NOW_MS)).toBe('invalid_token')
  })
})
