import { expect, test } from '@jest/globals'
import { consoleSettings } from '@paxyo/console'
import { ConfigError } from '@paxyo/service-kit'
import { randomBytes } from 'node:crypto'
import { loadIngestConfig, weakIngestSecrets } from '../src/config.ts'
import { providerSettings, refundApproval } from '@paxyo/providers'
import { reconcileSchedule } from '../src/workers/reconcile/reconcile-config.ts'

const problems = (environment: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadIngestConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const GOOD = { DATABASE_URL: 'postgres://localhost/paxyo', REDIS_URL: 'redis://localhost' }

test('every problem is listed at once, and no secret is repeated', () => {
  const found = problems({
    NODE_ENV: 'production',
    DATABASE_URL: 'mysql://localhost',
    PORT: '99999',
    PANEL_API_KEYS: 'short',
    TRUST_PROXY: 'maybe',
    LOG_LEVEL: 'loud',
  })

  expect(found).toEqual([
    'DATABASE_URL: must be an address that begins with postgres:// or postgresql://',
    'REDIS_URL: is required',
    'PORT: must be at most 65535',
    'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
    'TRUST_PROXY: must be true, false, or networks such as 10.0.0.0/8, separated by commas',
    'PANEL_API_KEYS: must be one or more secrets, separated by commas, of at least 8 bytes each',
    'one of WEBHOOK_TOKENS, WEBHOOK_SECRETS, WEBHOOK_ALLOW_CIDRS must be set in production: without them every webhook is rejected',
    'PANEL_API_KEYS: it can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
  ])
})

test('scheduled reconciliation is off by default, and needs a provider that can be asked', () => {
  expect(reconcileSchedule(loadIngestConfig(GOOD))).toBeUndefined()
  expect(problems({ ...GOOD, RECONCILE_EVERY_MINUTES: '30' })).toEqual([
    'RECONCILE_EVERY_MINUTES requires PROVIDER_API_URL and PROVIDER_API_KEY',
  ])
  expect(problems({ ...GOOD, RECONCILE_SILENT_HOURS: '6' })).toEqual([
    'RECONCILE_SILENT_HOURS requires RECONCILE_EVERY_MINUTES',
  ])
  const given = { ...GOOD, PROVIDER_API_URL: 'https://provider.example/api/v2', PROVIDER_API_KEY: 'k' }
  expect(problems({ ...given, RECONCILE_EVERY_MINUTES: '0', RECONCILE_SILENT_HOURS: 'soon' })).toEqual([
    'RECONCILE_EVERY_MINUTES: must be at least 1',
    'RECONCILE_SILENT_HOURS: must be a whole number',
  ])
  const config = loadIngestConfig({ ...given, RECONCILE_EVERY_MINUTES: '30' })
  expect(reconcileSchedule(config)).toEqual({ everyMs: 1_800_000, silentForMs: 21_600_000 })
})

test('the header of a single sign-on proxy needs the addresses of the proxy, and is none that a browser sets', () => {
  expect(problems({ ...GOOD, CONSOLE_TRUSTED_HEADER: 'X-Forwarded-User' })).toEqual([
    "CONSOLE_TRUSTED_PROXIES is missing: CONSOLE_TRUSTED_HEADER is accepted from the proxy's addresses only",
  ])
  expect(problems({ ...GOOD, CONSOLE_TRUSTED_PROXIES: '10.0.0.5' })).toEqual([
    'CONSOLE_TRUSTED_HEADER is missing: CONSOLE_TRUSTED_PROXIES has no effect without it',
  ])
  const wrong = { CONSOLE_TRUSTED_HEADER: 'Cookie', CONSOLE_TRUSTED_PROXIES: 'the proxy' }
  expect(problems({ ...GOOD, ...wrong })).toEqual([
    'CONSOLE_TRUSTED_HEADER: must be the name of a header that only the proxy sets, such as X-Forwarded-User',
    'CONSOLE_TRUSTED_PROXIES: must be networks such as 203.0.113.0/24, separated by commas',
  ])
  const right = { CONSOLE_TRUSTED_HEADER: 'X-Forwarded-User', CONSOLE_TRUSTED_PROXIES: '10.0.0.5, 10.1.0.0/16' }
  expect(consoleSettings(loadIngestConfig({ ...GOOD, ...right })).trustedHeader).toEqual({
    header: 'X-Forwarded-User',
    proxies: ['10.0.0.5', '10.1.0.0/16'],
  })
})

test('which refunds wait for a person', () => {
  const read = (environment: NodeJS.ProcessEnv) => refundApproval(loadIngestConfig({ ...GOOD, ...environment }))
  expect(read({})).toBeUndefined()
  expect(read({ REVIEW_ALL_REFUNDS: 'on' })).toEqual({ isAlways: true, limits: new Map() })
  expect(read({ REVIEW_REFUNDS_ABOVE: 'USD:50,EUR:40' })).toEqual({
    isAlways: false,
    limits: new Map([
      ['USD', 5_000_000_000n],
      ['EUR', 4_000_000_000n],
    ]),
  })
  expect(problems({ ...GOOD, REVIEW_REFUNDS_ABOVE: 'dollars:50,EUR', REVIEW_ALL_REFUNDS: 'yes' })).toEqual([
    'REVIEW_REFUNDS_ABOVE: "dollars:50" must be a currency and an amount, such as USD:50',
    'REVIEW_REFUNDS_ABOVE: "EUR" must be a currency and an amount, such as USD:50',
    'REVIEW_ALL_REFUNDS: must be on or off',
  ])
  expect(problems({ ...GOOD, REVIEW_REFUNDS_ABOVE: 'USD:1', REVIEW_ALL_REFUNDS: 'on' })).toEqual([
    'REVIEW_REFUNDS_ABOVE: has no effect when REVIEW_ALL_REFUNDS is on; set one of them',
  ])
})

test('in production one proof of origin is enough', () => {
  const production = { ...GOOD, NODE_ENV: 'production' }
  expect(problems(production)).toHaveLength(1)
  expect(problems({ ...production, WEBHOOK_TOKENS: randomBytes(24).toString('base64url') })).toEqual([])
  expect(problems({ ...production, WEBHOOK_SECRETS: `whsec_${randomBytes(32).toString('base64')}` })).toEqual([])
  expect(problems({ ...production, WEBHOOK_ALLOW_CIDRS: '203.0.113.0/24, 2001:db8::/32' })).toEqual([])
  expect(problems({ ...GOOD, WEBHOOK_REQUIRE: 'signature' })).toEqual([
    'WEBHOOK_REQUIRE is signature and requires WEBHOOK_SECRETS',
  ])
  expect(problems(GOOD)).toEqual([])
})

test('an allow-list alone is refused when every proxy is trusted: one header would forge the address', () => {
  const forgeable = { ...GOOD, TRUST_PROXY: 'true', WEBHOOK_ALLOW_CIDRS: '203.0.113.0/24' }
  expect(problems(forgeable)).toEqual([expect.stringMatching(/^TRUST_PROXY must name the proxy's network/)])
  expect(problems({ ...forgeable, TRUST_PROXY: '10.0.0.0/8' })).toEqual([])
  expect(problems({ ...forgeable, WEBHOOK_TOKENS: 'a-token-of-ours' })).toEqual([])
})

test("the provider's address and key belong together, and confirming needs both", () => {
  const url = 'https://provider.example/api/v2'
  expect(problems({ ...GOOD, PROVIDER_API_URL: url })).toEqual([
    'PROVIDER_API_URL is set alone: PROVIDER_API_URL and PROVIDER_API_KEY belong together',
  ])
  expect(problems({ ...GOOD, VERIFY_REFUNDS: 'on' })).toEqual([
    'VERIFY_REFUNDS is on and requires PROVIDER_API_URL and PROVIDER_API_KEY',
  ])
  expect(problems({ ...GOOD, VERIFY_REFUNDS: 'yes' })).toEqual(['VERIFY_REFUNDS: must be on or off'])

  const given = { ...GOOD, PROVIDER_API_URL: url, PROVIDER_API_KEY: 'k' }
  expect(providerSettings(loadIngestConfig(given))).toMatchObject([{ name: 'godofpanel', api: { url, key: 'k' } }])
  expect(loadIngestConfig(given).VERIFY_REFUNDS).toBe('off')
  expect(loadIngestConfig({ ...given, VERIFY_REFUNDS: 'on' }).VERIFY_REFUNDS).toBe('on')
  expect(providerSettings(loadIngestConfig(GOOD))).toMatchObject([{ name: 'godofpanel', api: undefined }])
})

test('secrets that can be guessed are refused in production, with what to do, and only named elsewhere', () => {
  const weak = {
    ...GOOD,
    PANEL_API_KEYS: '12345678',
    WEBHOOK_TOKENS: 'password',
    JWT_SECRETS: 'e'.repeat(32),
    OUTGOING_WEBHOOK_URL: 'https://panel.example/hook',
    OUTGOING_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
  }
  const expected = [
    'WEBHOOK_TOKENS: it can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
    'PANEL_API_KEYS: it can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
    'JWT_SECRETS: it can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
    'OUTGOING_WEBHOOK_SECRET: it can be guessed; use a random secret, such as the output of: echo "whsec_$(openssl rand -base64 32)"',
  ]
  expect(problems({ ...weak, NODE_ENV: 'production' })).toEqual(expected)
  expect(problems(weak)).toEqual([])
  expect(weakIngestSecrets(weak)).toEqual(expected)
})
