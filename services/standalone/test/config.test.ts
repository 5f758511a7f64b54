import { expect, test } from '@jest/globals'
import { ConfigError } from '@paxyo/service-kit'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadStandaloneConfig } from '../src/config.ts'
import { bannerLines, bannerSecret } from '../src/banner.ts'

const problemsOf = (environment: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadStandaloneConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

test('the demo plays one provider, so it is off where a file describes several', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-standalone-'))
  try {
    const file = join(folder, 'providers.json')
    writeFileSync(file, JSON.stringify([{ name: 'first', webhookTokens: ['a-token-of-the-first'] }]))

    expect(problemsOf({ PROVIDERS_FILE: file })).toEqual([
      'DEMO must be off when PROVIDERS_FILE is set: the demo simulates the provider that WEBHOOK_TOKENS configures',
    ])
    expect(problemsOf({ PROVIDERS_FILE: file, DEMO: 'off' })).toEqual([])
    expect(problemsOf({})).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the demo is reachable by others only where that is said', () => {
  const problem = (host: string): string =>
    `DEMO: the demo gives a token to every visitor, and HOST=${host} lets others reach it: ` +
    'set DEMO=off, or DEMO=public if that is intended, or HOST=127.0.0.1'

  expect(problemsOf({ HOST: '0.0.0.0' })).toEqual([problem('0.0.0.0')])
  expect(problemsOf({ HOST: '::', DEMO: 'on', PORT: '0' })).toEqual([expect.stringContaining('PORT: '), problem('::')])
  for (const DEMO of ['off', 'public']) expect(problemsOf({ HOST: '0.0.0.0', DEMO })).toEqual([])
  for (const HOST of ['localhost', '127.0.0.1', '::1']) expect(problemsOf({ HOST })).toEqual([])
})

test('keys over http are refused in production, as by a gateway', () => {
  const jwks = { JWT_JWKS_URL: 'http://panel.example.com/jwks.json' }
  expect(problemsOf(jwks)).toEqual([])
  expect(problemsOf({ ...jwks, NODE_ENV: 'production' })).toEqual([
    'JWT_JWKS_URL must begin with https:// in production: over http its keys can be replaced on the way',
  ])
})

test('TLS needs a certificate and its key, and no demo', () => {
  expect(problemsOf({ TLS_CERT: 'site.crt', DEMO: 'off' })).toEqual([
    'TLS_KEY is missing: TLS needs both TLS_CERT and TLS_KEY',
  ])
  expect(problemsOf({ TLS_KEY: 'site.key', DEMO: 'off' })).toEqual([
    'TLS_CERT is missing: TLS needs both TLS_CERT and TLS_KEY',
  ])
  expect(problemsOf({ TLS_CERT: 'site.crt', TLS_KEY: 'site.key', DEMO: 'off' })).toEqual([])
  expect(problemsOf({ TLS_CERT: 'site.crt', TLS_KEY: 'site.key' })).toEqual([
    'DEMO must be off when TLS_CERT is set: the demo calls this process without TLS',
  ])
})

test('no webhook token is printed that no provider accepts', () => {
  const start = {
    address: 'http://localhost:8080',
    panelKey: { value: 'a-key' },
    openOrderId: undefined,
    consolePage: undefined,
  }

  expect(bannerLines({ ...start, webhookToken: { value: 'a-token' } })).toEqual([
    'webhook token: a-token',
    'panel key: a-key',
  ])
  expect(bannerLines({ ...start, webhookToken: undefined, consolePage: 'http://localhost:8080/console/' })).toEqual([
    'panel key: a-key',
    'console: http://localhost:8080/console/',
  ])
  expect(bannerLines({ ...start, webhookToken: undefined })).toEqual(['panel key: a-key'])
})

test('a log gets no configured secret, and in production no generated one', () => {
  const source = {
    configured: [] as readonly string[],
    variable: 'WEBHOOK_TOKENS',
    generated: 'a-generated-token',
    dataDir: '/var/lib/paxyo',
    isProduction: true,
    isTerminal: false,
  }
  const place = { place: join('in /var/lib/paxyo', 'secrets.json') }
  expect(bannerSecret(source)).toEqual(place)
  expect(bannerSecret({ ...source, isTerminal: true })).toEqual({ value: 'a-generated-token' })
  expect(bannerSecret({ ...source, isProduction: false })).toEqual({ value: 'a-generated-token' })
  const configured = ['a-configured-token']
  for (const isTerminal of [true, false]) {
    expect(bannerSecret({ ...source, configured, isTerminal })).toEqual({ place: 'in WEBHOOK_TOKENS' })
  }

  const lines = bannerLines({
    address: 'http://localhost:8080',
    webhookToken: { place: 'in WEBHOOK_TOKENS' },
    panelKey: place,
    openOrderId: '12368',
    consolePage: 'http://localhost:8080/console/',
  })
  expect(lines).toEqual([
    'page: http://localhost:8080/',
    expect.stringMatching(/^try: curl -X POST http:\/\/localhost:8080\/webhooks\/godofpanel\/TOKEN -H /),
    'webhook token: in WEBHOOK_TOKENS',
    `panel key: ${place.place}`,
    'console: http://localhost:8080/console/',
  ])
})
