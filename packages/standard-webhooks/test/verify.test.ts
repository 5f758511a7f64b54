import { describe, expect, test } from '@jest/globals'
import { parseSecret, signWebhook, verifyWebhook } from '../src/index.ts'

const KEY = Buffer.alloc(32, 7)
const OTHER_KEY = Buffer.alloc(24, 8)
const NOW_MS = Date.UTC(2026, 10, 22)
const BODY = '{"order_id":"12345","status":"canceled"}'

const sign = ({ id = 'msg_1', body = BODY, keys = [KEY], atMs = NOW_MS } = {}) => signWebhook({ id, body }, keys, atMs)

const verify = (headers: Record<string, string>, { body = BODY, keys = [KEY] } = {}): string | undefined =>
  verifyWebhook({ headers, body: Buffer.from(body) }, keys, NOW_MS)

// The reference implementations' common test vector.
test('a known message has its known signature', () => {
  const key = parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')!
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' }
  expect(signWebhook(message, [key], 1_614_265_330_999)).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

describe('a signed message', () => {
  test('is authentic, and its id returned', () => {
    expect(verify(sign())).toBe('msg_1')
    expect(verifyWebhook({ headers: sign(), body: BODY }, [KEY], NOW_MS)).toBe('msg_1')
  })

  test('is authentic under any of several keys, on either side', () => {
    expect(verify(sign({ keys: [OTHER_KEY] }), { keys: [KEY, OTHER_KEY] })).toBe('msg_1')
    expect(verify(sign({ keys: [OTHER_KEY, KEY] }))).toBe('msg_1')
  })

  test('is authentic among signatures of other versions and of other keys', () => {
    const { 'webhook-signature': signature, ...headers } = sign()
    expect(verify({ ...headers, 'webhook-signature': `v1a,xyz v1,AAAA ${signature} v2` })).toBe('msg_1')
  })

  test('covers body, id and time', () => {
    expect(verify(sign(), { body: `${BODY} ` })).toBeUndefined()
    expect(verify({ ...sign(), 'webhook-id': 'msg_2' })).toBeUndefined()
    expect(verify({ ...sign(), 'webhook-timestamp': String(NOW_MS / 1000 + 1) })).toBeUndefined()
  })

  test('has one spelling: other base64 for the same bytes is rejected', () => {
    const { 'webhook-signature': signature, ...headers } = sign()
    const last = signature.at(-2)!
    // The last letter has two bits that mean nothing.
    const others = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
      .split('')
      .map((letter) => `${signature.slice(0, -2)}${letter}=`)
      .filter((other) => Buffer.from(other.slice(3), 'base64').equals(Buffer.from(signature.slice(3), 'base64')))
    expect(others).toHaveLength(4)
    for (const other of others) {
      expect(verify({ ...headers, 'webhook-signature': other })).toBe(other.at(-2) === last ? 'msg_1' : undefined)
    }
    expect(verify({ ...headers, 'webhook-signature': signature.slice(0, -1) })).toBeUndefined()
  })

  test('expires after 300 seconds, and may be as far ahead', () => {
    for (const offsetMs of [-300_000, 300_000]) expect(verify(sign({ atMs: NOW_MS + offsetMs }))).toBe('msg_1')
    for (const offsetMs of [-301_000, 301_000]) expect(verify(sign({ atMs: NOW_MS + offsetMs }))).toBeUndefined()
  })

  test('may have any bytes for a body', () => {
    const body = Buffer.from([0xff, 0x00, 0xc3, 0x28])
    const headers = signWebhook({ id: 'msg_1', body }, [KEY], NOW_MS)
    expect(verifyWebhook({ headers, body }, [KEY], NOW_MS)).toBe('msg_1')
    expect(verifyWebhook({ headers, body: body.subarray(1) }, [KEY], NOW_MS)).toBeUndefined()
  })
})

test.each<[string, Record<string, string | string[]>]>([
  ['no header at all', {}],
  ['an empty id', sign({ id: '' })],
  ['two ids', { ...sign(), 'webhook-id': ['msg_1', 'msg_1'] }],
  ['an empty signature', { ...sign(), 'webhook-signature': '' }],
  ['another version', { ...sign(), 'webhook-signature': sign()['webhook-signature'].replace('v1', 'v2') }],
  ['a signature without its version', { ...sign(), 'webhook-signature': sign()['webhook-signature'].slice(3) }],
  ['a signature without its padding', { ...sign(), 'webhook-signature': sign()['webhook-signature'].slice(0, -1) }],
  ['a time that is not a number', { ...sign(), 'webhook-timestamp': 'now' }],
  ['a time with a fraction', { ...sign(), 'webhook-timestamp': `${NOW_MS / 1000}.5` }],
  ['another key', sign({ keys: [OTHER_KEY] })],
  ['no key that signed', sign({ keys: [] })],
])('%s is rejected', (_name, headers) => {
  expect(verifyWebhook({ headers, body: BODY }, [KEY], NOW_MS)).toBeUndefined()
})

test('without keys nothing is authentic', () => {
  expect(verify(sign(), { keys: [] })).toBeUndefined()
})
