import { expect, test } from '@jest/globals'
import { parseSecret } from '@paxyo/standard-webhooks'
import { Webhook } from 'standardwebhooks'
import type { WebhookAuthentication } from '@paxyo/providers'
import { createWebhookAuthentication, type Credentials } from '../../src/webhook/authenticate.ts'

const NOW_MS = Date.UTC(2026, 10, 22)
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const KEY = parseSecret(SECRET)!
const BODY = Buffer.from('{}')

const authenticate = (options: Partial<WebhookAuthentication>, credentials: Partial<Credentials> = {}) =>
  createWebhookAuthentication({ signatureKeys: [], tokens: [], allowedCidrs: [], ...options })(
    { headers: {}, pathToken: undefined, body: BODY, address: '203.0.113.9', ...credentials },
    NOW_MS,
  )

const signed = {
  headers: {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(NOW_MS / 1000),
    'webhook-signature': new Webhook(SECRET).sign('msg_1', new Date(NOW_MS), BODY.toString()),
  },
}

test('with nothing configured nothing passes', () => {
  expect(authenticate({})).toBeUndefined()
  expect(authenticate({}, { pathToken: '' })).toBeUndefined()
  expect(authenticate({}, signed)).toBeUndefined()
})

test('a token may stand in the path or in a header', () => {
  const tokens = ['first-token', 'second-token']
  expect(authenticate({ tokens }, { pathToken: 'second-token' })).toEqual({ messageId: undefined })
  expect(authenticate({ tokens }, { headers: { 'x-webhook-token': 'first-token' } })).toBeDefined()
  expect(authenticate({ tokens }, { headers: { authorization: 'Bearer first-token' } })).toBeDefined()
  expect(authenticate({ tokens }, { pathToken: 'first-token ' })).toBeUndefined()
  expect(authenticate({ tokens }, { headers: { authorization: 'Basic first-token' } })).toBeUndefined()
  expect(authenticate({ tokens })).toBeUndefined()
})

test('a signature gives the message id, which a retry repeats', () => {
  expect(authenticate({ signatureKeys: [KEY] }, signed)).toEqual({ messageId: 'msg_1' })
  expect(authenticate({ signatureKeys: [KEY], tokens: ['a-token-of-ours'] }, signed)).toEqual({ messageId: 'msg_1' })
  expect(authenticate({ signatureKeys: [KEY] }, { ...signed, body: Buffer.from('{} ') })).toBeUndefined()
})

test('where a signature is required, a token is not enough, and neither is an address', () => {
  const options = { signatureKeys: [KEY], tokens: ['a-token-of-ours'], isSignatureRequired: true }
  expect(authenticate(options, { pathToken: 'a-token-of-ours' })).toBeUndefined()
  expect(authenticate(options, { headers: { authorization: 'Bearer a-token-of-ours' } })).toBeUndefined()
  expect(authenticate(options, { ...signed, body: Buffer.from('{} ') })).toBeUndefined()
  expect(authenticate(options, { ...signed, pathToken: 'a-token-of-ours' })).toEqual({ messageId: 'msg_1' })
  const byAddress = { allowedCidrs: ['203.0.113.0/24'], isSignatureRequired: true }
  expect(authenticate(byAddress)).toBeUndefined()
  expect(authenticate({ ...byAddress, signatureKeys: [KEY] }, signed)).toEqual({ messageId: 'msg_1' })
})

test('an allow-list is a second layer over token and signature', () => {
  const options = { tokens: ['a-token-of-ours'], allowedCidrs: ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'] }
  const pathToken = 'a-token-of-ours'
  for (const address of ['203.0.113.9', '::ffff:203.0.113.9', '2001:db8::1', '198.51.100.7']) {
    expect(authenticate(options, { pathToken, address })).toBeDefined()
    expect(authenticate(options, { address })).toBeUndefined()
  }
  for (const address of ['203.0.114.9', '198.51.100.8', '::1', 'garbage']) {
    expect(authenticate(options, { pathToken, address })).toBeUndefined()
  }
})

test('an allow-list alone is a proof', () => {
  expect(authenticate({ allowedCidrs: ['203.0.113.0/24'] })).toEqual({ messageId: undefined })
  expect(authenticate({ allowedCidrs: ['203.0.114.0/24'] })).toBeUndefined()
})
