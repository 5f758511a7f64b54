import { describe, expect, test } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import { parseSecret, verifySignature } from '../../src/webhook/standard-webhooks.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const OTHER_SECRET = `whsec_${Buffer.alloc(24, 8).toString('base64')}`
const KEY = parseSecret(SECRET)!
const NOW_MS = Date.UTC(2026, 10, 22)
const BODY = '{"order_id":"12345","status":"canceled"}'

/** Headers as the specification's own library makes them. */
const sign = (secret: string, { id = 'msg_1', atMs = NOW_MS, body = BODY } = {}) => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(atMs / 1000)),
  'webhook-signature': new Webhook(secret).sign(id, new Date(atMs), body),
})

const verify = (headers: Record<string, string>, { body = BODY, keys = [KEY] } = {}): string | undefined =>
  verifySignature(headers, Buffer.from(body), keys, NOW_MS)

describe('a signature of the reference library', () => {
  test('is accepted, and its message id returned', () => {
    expect(verify(sign(SECRET))).toBe('msg_1')
  })

  test('is accepted under any of several secrets, and among several signatures', () => {
    expect(verify(sign(OTHER_SECRET), { keys: [KEY, parseSecret(OTHER_SECRET)!] })).toBe('msg_1')
    const headers = sign(SECRET)
    expect(verify({ ...headers, 'webhook-signature': `v1a,xyz v1,AAAA ${headers['webhook-signature']}` })).toBe('msg_1')
  })

  test('covers body, id and time', () => {
    const headers = sign(SECRET)
    expect(verify(headers, { body: `${BODY} ` })).toBeUndefined()
    expect(verify({ ...headers, 'webhook-id': 'msg_2' })).toBeUndefined()
    expect(verify({ ...headers, 'webhook-timestamp': String(NOW_MS / 1000 + 1) })).toBeUndefined()
  })

  test('expires after 300 seconds, and may be as far ahead', () => {
    for (const offsetMs of [-300_000, 300_000]) expect(verify(sign(SECRET, { atMs: NOW_MS + offsetMs }))).toBe('msg_1')
    for (const offsetMs of [-301_000, 301_000]) {
      expect(verify(sign(SECRET, { atMs: NOW_MS + offsetMs }))).toBeUndefined()
    }
  })
})

test.each<[string, Record<string, string>]>([
  ['no headers', {}],
  ['no signature', { ...sign(SECRET), 'webhook-signature': '' }],
  ['another version', { ...sign(SECRET), 'webhook-signature': sign(SECRET)['webhook-signature'].replace('v1', 'v2') }],
  ['a time that is no number', { ...sign(SECRET), 'webhook-timestamp': 'now' }],
  ['another secret', sign(OTHER_SECRET)],
])('%s is refused', (_name, headers) => {
  expect(verify(headers)).toBeUndefined()
})

test.each([
  '',
  'whsec_',
  'whsec_short',
  `whsec_${Buffer.alloc(23).toString('base64')}`,
  'whsec_not base64 !!',
  KEY.toString('base64'),
])('%j is not a secret', (text) => {
  expect(parseSecret(text)).toBeUndefined()
})
