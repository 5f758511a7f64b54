import { expect, test } from '@jest/globals'
import type { ConfigError } from '@paxyo/service-kit'
import { loadDemoConfig } from '../src/config.ts'

const KEY = Buffer.alloc(32, 1)
const KEY_BEFORE = Buffer.alloc(32, 2)
const write = (key: Buffer): string => `whsec_${key.toString('base64')}`

const required = {
  INGEST_URL: 'http://webhook-ingest:8080',
  PANEL_API_KEYS: 'the-newest-key,the-key-before',
  WEBHOOK_SECRETS: `${write(KEY)},${write(KEY_BEFORE)}`,
}

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadDemoConfig(environment)
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

test('it is open to this machine only, and takes lists of secrets as webhook-ingest does', () => {
  expect(loadDemoConfig(required)).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 8083,
    PROVIDER_PORT: 8090,
    AUTOPLAY_INTERVAL_MS: 3000,
    PANEL_API_KEYS: ['the-newest-key', 'the-key-before'],
    WEBHOOK_SECRETS: [KEY, KEY_BEFORE],
  })
})

test('everything that is wrong is said at once', () => {
  expect(
    problemsOf({
      INGEST_URL: 'http://webhook-ingest:8080/',
      WEBHOOK_SECRETS: `${write(KEY)},secret`,
      SOCKET_URL: 'https://rt.example.com/ws',
      AUTOPLAY_INTERVAL_MS: '0',
      PROVIDER_KEY: 'short',
    }),
  ).toEqual([
    'INGEST_URL: must be without a path, such as http://webhook-ingest:8080',
    'PANEL_API_KEYS: is required',
    'WEBHOOK_SECRETS: must be one or more secrets, separated by commas, of the form whsec_<base64 of 24 to 64 bytes>',
    'SOCKET_URL: must be an address that begins with wss:// or ws://',
    'AUTOPLAY_INTERVAL_MS: must be at least 100',
    'PROVIDER_KEY: must have at least 8 characters',
  ])
})
