import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createProvider,
  defaultProvider,
  providerProblems,
  providerSettings,
  providerVariables,
  summarizeProviders,
  weakProviderSecrets,
} from '../src/index.ts'
import { loadConfig } from '@paxyo/service-kit'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const NOTHING = {
  PROVIDERS_FILE: undefined,
  WEBHOOK_TOKENS: [],
  WEBHOOK_SECRETS: [],
  WEBHOOK_ALLOW_CIDRS: [],
  WEBHOOK_REQUIRE: 'any' as const,
  PROVIDER_API_URL: undefined,
  PROVIDER_API_KEY: undefined,
  STATUS_MAP: {},
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paxyo-providers-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (content: unknown, name = 'providers.json'): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const problemsOf = (content: unknown): string[] => providerProblems({ PROVIDERS_FILE: write(content) })

describe('a PROVIDERS_FILE', () => {
  test('describes each provider; what an entry leaves out is nothing, in the format of GodOfPanel', () => {
    const path = write([
      {
        name: 'first',
        webhookTokens: ['a-webhook-token'],
        webhookSecrets: [SECRET],
        allowCidrs: ['203.0.113.0/24'],
        apiUrl: 'https://first.example/api/v2',
        apiKey: 'a key',
        statusMap: { '5': 'canceled' },
      },
      { name: 'second' },
    ])
    expect(providerProblems({ PROVIDERS_FILE: path })).toEqual([])
    expect(providerSettings({ ...NOTHING, PROVIDERS_FILE: path })).toEqual([
      {
        name: 'first',
        format: 'godofpanel',
        authentication: {
          tokens: ['a-webhook-token'],
          signatureKeys: [Buffer.alloc(32, 1)],
          allowedCidrs: ['203.0.113.0/24'],
        },
        api: { url: 'https://first.example/api/v2', key: 'a key' },
        statusMap: { '5': 'canceled' },
      },
      {
        name: 'second',
        format: 'godofpanel',
        authentication: { tokens: [], signatureKeys: [], allowedCidrs: [] },
        api: undefined,
        statusMap: {},
      },
    ])
    expect(summarizeProviders({ PROVIDERS_FILE: path })).toEqual([
      { name: 'first', isAuthenticated: true, isAuthenticatedByAddress: false, isAskable: true },
      { name: 'second', isAuthenticated: false, isAuthenticatedByAddress: false, isAskable: false },
    ])
  })

  test('may keep secrets in files of their own', () => {
    const entry = {
      name: 'first',
      webhookTokensFile: write('a-webhook-token, another-token\n', 'tokens'),
      webhookSecretsFile: write(SECRET, 'secrets'),
      apiUrl: 'https://first.example/api/v2',
      apiKeyFile: write('a key\n', 'key'),
    }
    expect(providerSettings({ ...NOTHING, PROVIDERS_FILE: write([entry]) })).toMatchObject([
      {
        authentication: { tokens: ['a-webhook-token', 'another-token'], signatureKeys: [Buffer.alloc(32, 1)] },
        api: { key: 'a key' },
      },
    ])
  })

  test('that is wrong: every problem of every entry is listed, and no value is repeated', () => {
    const problems = problemsOf([
      { name: 'First!', webhookTokens: ['hush'], webhookSecrets: ['whsec_hush'], allowCidrs: ['hush'] },
      { name: 'second', apiKey: 'hush', statusMap: { '5': 'hush' }, format: 'hush', webhookToken: 'hush' },
      { name: 'third', apiKey: 'hush', apiKeyFile: 'hush', webhookTokensFile: '/does/not/exist' },
      'hush',
      { name: 'fourth' },
      { name: 'fourth' },
    ])
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'PROVIDERS_FILE[0].name',
      'PROVIDERS_FILE[0].webhookTokens',
      'PROVIDERS_FILE[0].webhookSecrets',
      'PROVIDERS_FILE[0].allowCidrs',
      'PROVIDERS_FILE[1].format',
      'PROVIDERS_FILE[1].statusMap.5',
      'PROVIDERS_FILE[1]',
      'PROVIDERS_FILE[2].webhookTokensFile',
      'PROVIDERS_FILE[2].apiKey',
      'PROVIDERS_FILE[2]',
      'PROVIDERS_FILE[3]',
      'PROVIDERS_FILE',
    ])
    expect(problems.at(-1)).toBe('PROVIDERS_FILE: the name fourth occurs twice')
    expect(problems.join('\n')).not.toContain('hush')
  })

  test('may require a signature of each provider that has a secret', () => {
    const [required, any] = [{ name: 'first', require: 'signature', webhookSecrets: [SECRET] }, { name: 'second' }]
    expect(providerSettings({ ...NOTHING, PROVIDERS_FILE: write([required, any]) })).toMatchObject([
      { authentication: { isSignatureRequired: true } },
      { authentication: expect.not.objectContaining({ isSignatureRequired: true }) },
    ])
    expect(problemsOf([{ name: 'first', require: 'signature', webhookTokens: ['a-webhook-token'] }])).toEqual([
      'PROVIDERS_FILE[0].require: signature requires webhookSecrets',
    ])
    expect(problemsOf([{ ...required, require: 'token' }])).toEqual([
      'PROVIDERS_FILE[0].require: must be any or signature',
    ])
  })

  test.each([
    ['is not JSON', 'not: JSON', /is not JSON$/],
    ['is no list', { name: 'first' }, /must contain a JSON list of one or more providers$/],
    ['is empty', [], /must contain a JSON list of one or more providers$/],
  ])('that %s is one problem', (_what, content, problem) => {
    expect(problemsOf(content)).toEqual([expect.stringMatching(problem)])
  })

  test('that cannot be read is a problem, at the check and when it is gone afterwards', () => {
    const path = join(folder, 'nowhere.json')
    expect(providerProblems({ PROVIDERS_FILE: path })).toEqual([`PROVIDERS_FILE: ${path} cannot be read`])
    expect(() => providerSettings({ ...NOTHING, PROVIDERS_FILE: path })).toThrow('cannot be read')
    expect(summarizeProviders({ PROVIDERS_FILE: path })).toEqual([])
  })

  test('and the variables of one provider exclude each other', () => {
    const PROVIDERS_FILE = write([{ name: 'first' }])
    expect(providerProblems({ PROVIDERS_FILE, WEBHOOK_TOKENS: 'hush-hush', PROVIDER_API_KEY: 'hush' })).toEqual([
      'WEBHOOK_TOKENS: cannot be set together with PROVIDERS_FILE',
      'PROVIDER_API_KEY: cannot be set together with PROVIDERS_FILE',
    ])
  })

  test('an API has an address and a key, or neither', () => {
    expect(problemsOf([{ name: 'first', apiUrl: 'https://first.example' }])).toEqual([
      'PROVIDERS_FILE[0]: apiUrl and apiKey belong together',
    ])
  })
})

describe('without a PROVIDERS_FILE', () => {
  test('the variables describe godofpanel', () => {
    const settings = providerSettings({
      ...NOTHING,
      WEBHOOK_TOKENS: ['a-webhook-token'],
      PROVIDER_API_URL: 'https://godofpanel.example/api/v2',
      PROVIDER_API_KEY: 'a key',
      STATUS_MAP: { Zaplanowano: 'pending' },
    })
    expect(settings).toMatchObject([
      {
        name: 'godofpanel',
        format: 'godofpanel',
        authentication: { tokens: ['a-webhook-token'] },
        api: { url: 'https://godofpanel.example/api/v2', key: 'a key' },
      },
    ])
  })

  test('an address alone is a problem', () => {
    expect(providerProblems({ PROVIDER_API_URL: 'https://godofpanel.example' })).toEqual([
      'PROVIDER_API_URL is set alone: PROVIDER_API_URL and PROVIDER_API_KEY belong together',
    ])
  })
})

test('a provider reads its own words, beside those of its format', () => {
  const path = write([{ name: 'first', statusMap: { '5': 'canceled', Success: 'canceled' } }, { name: 'second' }])
  const read = providerSettings({ ...NOTHING, PROVIDERS_FILE: path })
    .map(createProvider)
    .map((provider) =>
      ['5', 'success', 'Partial'].map((status) => {
        const parsed = provider.parseUpdates('application/json', Buffer.from(JSON.stringify({ order_id: '1', status })))
        return 'updates' in parsed ? parsed.updates[0]!.update!.status : parsed.error
      }),
    )
  expect(read).toEqual([
    ['canceled', 'canceled', 'partial'],
    ['unknown', 'completed', 'partial'],
  ])
})

test.each([
  [['first'], 'first'],
  [['first', 'godofpanel'], 'godofpanel'],
  [['first', 'second'], undefined],
])('of %j the default is %s', (names, expected) => {
  expect(defaultProvider(names.map((name) => ({ name })))).toBe(expected)
})

describe('STATUS_MAP', () => {
  const read = (text: string): unknown => loadConfig(providerVariables, { STATUS_MAP: text }).STATUS_MAP

  test('says what words mean, also words with spaces and signs', () => {
    expect(read('Zaplanowano=pending, Refill = 2=ignore')).toEqual({ Zaplanowano: 'pending', 'Refill = 2': 'ignore' })
  })

  test.each(['Zaplanowano', '=pending', 'Zaplanowano=later', 'a=pending,'])('%s is a problem', (text) => {
    expect(() => read(text)).toThrow('STATUS_MAP: must be word=status pairs')
  })
})

test('secrets that can be guessed are named by their place in the file', () => {
  const strong = '9c41d7f02be86a53c19e74d0f58b2a6037de41c8'
  const file = write([
    { name: 'one', webhookTokens: [strong, 'password'] },
    { name: 'two', webhookSecrets: [SECRET] },
  ])
  expect(weakProviderSecrets({ PROVIDERS_FILE: file })).toEqual([
    'PROVIDERS_FILE[0].webhookTokens: number 2 can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
    'PROVIDERS_FILE[1].webhookSecrets: it can be guessed; use a random secret, such as the output of: echo "whsec_$(openssl rand -base64 32)"',
  ])
  expect(weakProviderSecrets({ PROVIDERS_FILE: write([{ name: 'one', webhookTokens: [strong] }]) })).toEqual([])
  expect(weakProviderSecrets({ WEBHOOK_TOKENS: 'password' })).toHaveLength(1)
})
