import { RETRY_DELAYS_MS } from '@paxyo/ledger'
import { describe, expect, test } from '@jest/globals'
import { loadIngestConfig } from '../../../src/config.ts'
import { guardedLookup } from '../../../src/workers/outgoing-webhooks/guarded-lookup.ts'
import { outgoingWebhookSettings } from '../../../src/workers/outgoing-webhooks/outgoing-webhook-config.ts'
import { KEY, SECRET } from './test-panel.ts'

const BASE = { DATABASE_URL: 'postgres://localhost/x', REDIS_URL: 'redis://localhost' }
const load = (environment: Record<string, string>) =>
  outgoingWebhookSettings(loadIngestConfig({ ...BASE, OUTGOING_WEBHOOK_SECRET: SECRET, ...environment }))
const TYPES = ['order.updated', 'refund.paid', 'account.updated', 'review.opened']
const RULES = { allowPrivate: false, allowLoopback: false }

test('nothing configured, nothing sent', () => {
  expect(outgoingWebhookSettings(loadIngestConfig(BASE))).toEqual({
    endpoint: undefined,
    rules: RULES,
    retryDelaysMs: RETRY_DELAYS_MS,
  })
})

test.each([
  'https://panel.example/refunds',
  'https://203.0.114.7/',
  'http://localhost:8000/',
  'http://[::1]/',
  'http://127.0.0.1/',
])('%s will do', (url) => {
  expect(load({ OUTGOING_WEBHOOK_URL: url })).toMatchObject({
    endpoint: { url, keys: [KEY], types: TYPES },
    rules: RULES,
  })
})

test('the delays of its retries are in seconds', () => {
  const config = loadIngestConfig({ ...BASE, OUTGOING_WEBHOOK_RETRY_SECONDS: '0, 1,60' })
  expect(outgoingWebhookSettings(config).retryDelaysMs).toEqual([0, 1_000, 60_000])
})

test.each([
  'http://panel.example/',
  'https://10.0.0.1/',
  'https://169.254.169.254/',
  'https://[fd00::1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::a9fe:a9fe]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://[2002:a9fe:a9fe::1]/',
  'https://0x0a.1/',
  'http://192.168.1.5/',
])('%s only when private addresses are allowed', (url) => {
  expect(() => load({ OUTGOING_WEBHOOK_URL: url })).toThrow('unless OUTGOING_WEBHOOK_ALLOW_PRIVATE is true')
  expect(load({ OUTGOING_WEBHOOK_URL: url, OUTGOING_WEBHOOK_ALLOW_PRIVATE: 'true' })).toMatchObject({
    rules: { allowPrivate: true },
  })
})

test.each<[string, Record<string, string>, string]>([
  [
    'a secret that is none',
    { OUTGOING_WEBHOOK_URL: 'https://a.example', OUTGOING_WEBHOOK_SECRET: 'secret' },
    'of the form whsec_',
  ],
  ['no secret', { OUTGOING_WEBHOOK_URL: 'https://a.example', OUTGOING_WEBHOOK_SECRET: '' }, 'is required when'],
  ['no address', {}, 'OUTGOING_WEBHOOK_SECRET requires OUTGOING_WEBHOOK_URL'],
  ['a password', { OUTGOING_WEBHOOK_URL: 'https://me:pw@a.example' }, 'must not contain a password'],
  [
    'a type that is none',
    { OUTGOING_WEBHOOK_URL: 'https://a.example', OUTGOING_WEBHOOK_TYPES: 'all' },
    'must be some of',
  ],
  [
    'a delay that is none',
    { OUTGOING_WEBHOOK_URL: 'https://a.example', OUTGOING_WEBHOOK_RETRY_SECONDS: '5,1m' },
    'must be a whole number',
  ],
  ['another protocol', { OUTGOING_WEBHOOK_URL: 'ftp://a.example' }, 'must be an address that begins with https'],
])('%s is rejected', (_name, environment, message) => {
  expect(() => load(environment)).toThrow(message)
})

describe('the lookup', () => {
  const lookUp = (hostname: string, name: string): Promise<unknown> =>
    new Promise((resolve) => {
      guardedLookup(new URL(`https://${hostname}`), RULES)!(name, { all: true }, (error, addresses) =>
        resolve(error?.message ?? addresses),
      )
    })

  test('refuses a name that leads to an address of our own, whatever it led to before', async () => {
    expect(await lookUp('panel.example', 'localhost')).toBe('localhost does not resolve to an allowed address')
  })

  test('lets this machine be reached by its own name', async () => {
    expect(await lookUp('localhost', 'localhost')).toContainEqual(
      expect.objectContaining({ family: expect.any(Number) }),
    )
  })

  test('is the usual one when private addresses are allowed', () => {
    expect(guardedLookup(new URL('https://panel.example'), { ...RULES, allowPrivate: true })).toBeUndefined()
  })
})
