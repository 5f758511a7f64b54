import { connectSocket, TEST_JWT_SECRET } from '@paxyo/testkit'
import { createHmac } from 'node:crypto'
import type { Random } from '../../chaos/random.ts'
import { repeatAttempt, type AttackOptions, type AttackResult } from './attack.ts'

const CONCURRENT_MAX = 10
/** A gateway that is busy takes its time, and does not forget. */
const CLOSE_MS_MAX = 60_000

/** Tokens that are not valid, each almost. */
export function attackWithTokens(options: AttackOptions): Promise<AttackResult> {
  const { target, random } = options
  return repeatAttempt('tokens', CONCURRENT_MAX, options, async (tally) => {
    const token = makeToken(random)
    const client = await connectSocket(target.gatewayUrl, { token }).catch(() => undefined)
    if (client === undefined) return tally.count('rejected')
    const { code } = await client.closed(CLOSE_MS_MAX)
    tally.count(String(code))
    if (client.messages.some(({ type }) => type !== 'error')) tally.violated(`accepted: ${token.slice(0, 400)}`)
    if (code < 4000) tally.violated(`closed with ${code}: ${token.slice(0, 400)}`)
  })
}

type Part = Record<string, unknown>

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const sign = (text: string, secret: string | Buffer, hash = 'sha256'): string =>
  createHmac(hash, secret).update(text).digest('base64url')

const nowS = (): number => Math.floor(Date.now() / 1000)

/** Each makes a valid token invalid. */
const WRONG_CLAIMS: readonly ((claims: Part) => Part)[] = [
  ({ sub: _sub, ...rest }) => rest,
  ({ aud: _aud, ...rest }) => rest,
  ({ exp: _exp, ...rest }) => rest,
  (claims) => ({ ...claims, sub: '' }),
  (claims) => ({ ...claims, sub: 'a\0b' }),
  (claims) => ({ ...claims, sub: 'x'.repeat(129) }),
  (claims) => ({ ...claims, sub: ['victim'] }),
  (claims) => ({ ...claims, sub: { toString: 'victim' } }),
  (claims) => ({ ...claims, sub: 1.5 }),
  (claims) => ({ ...claims, sub: true }),
  (claims) => ({ ...claims, aud: 'another' }),
  (claims) => ({ ...claims, aud: [] }),
  (claims) => ({ ...claims, exp: nowS() - 120 }),
  (claims) => ({ ...claims, exp: String(nowS() + 300) }),
  (claims) => ({ ...claims, exp: null }),
  (claims) => ({ ...claims, nbf: nowS() + 3_600 }),
]

const WRONG_HEADERS: readonly Part[] = [
  { alg: 'none' },
  { alg: 'None' },
  { alg: 'HS512' },
  { alg: 'RS256' },
  { alg: 'EdDSA' },
  { alg: 'ES256' },
  { alg: ['HS256'] },
  { typ: 'JWT' },
  { alg: 'HS256', crit: ['exp'] },
  { alg: 'HS256', crit: ['b64'], b64: false },
  { alg: 'none', kid: '../../dev/null' },
]

const WRONG_SECRETS = ['', 'secret', TEST_JWT_SECRET.slice(1), `${TEST_JWT_SECRET} `, TEST_JWT_SECRET.toUpperCase()]

function makeToken(random: Random): string {
  const claims: Part = { sub: 'victim', aud: 'paxyo', exp: nowS() + 300 }
  const header: Part = { alg: 'HS256' }
  const valid = `${encode(header)}.${encode(claims)}`
  const withClaims = (): string => {
    const text = `${encode(header)}.${encode(random.pick(WRONG_CLAIMS)(claims))}`
    return `${text}.${sign(text, TEST_JWT_SECRET)}`
  }
  const withHeader = (): string => {
    const wrong = random.pick(WRONG_HEADERS)
    const text = `${encode(wrong)}.${encode(claims)}`
    return `${text}.${random.chance(0.3) ? '' : sign(text, TEST_JWT_SECRET, wrong['alg'] === 'HS512' ? 'sha512' : 'sha256')}`
  }
  const withSecret = (): string => `${valid}.${sign(valid, random.pick(WRONG_SECRETS))}`
  const withOtherPayload = (): string =>
    `${encode(header)}.${encode({ ...claims, sub: 'other' })}.${sign(valid, TEST_JWT_SECRET)}`
  const withFlippedBit = (): string => {
    const signature = Buffer.from(sign(valid, TEST_JWT_SECRET), 'base64url')
    const at = random.below(signature.length)
    signature[at]! ^= 1 << random.below(8)
    return `${valid}.${signature.toString('base64url')}`
  }
  const withOtherParts = (): string =>
    random.pick([valid, `${valid}.`, '..', 'a', `${valid}.a.b`, `.${valid}`, encode(claims)])
  return random.pick([withClaims, withHeader, withSecret, withOtherPayload, withFlippedBit, withOtherParts])()
}
