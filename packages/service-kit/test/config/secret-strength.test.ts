import { describe, expect, test } from '@jest/globals'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { isWeakSecret, weakSecrets } from '../../src/config/secret-strength.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const ROUNDS = 500

describe('a random secret is strong:', () => {
  test.each<[string, () => string]>([
    ['16 bytes in hexadecimal', () => randomBytes(16).toString('hex')],
    ['24 bytes in base64url', () => randomBytes(24).toString('base64url')],
    ['24 letters and digits', () => Array.from({ length: 24 }, () => ALPHABET[randomInt(62)]).join('')],
    ['a UUID', () => randomUUID()],
    ['a Standard Webhooks secret', () => `whsec_${randomBytes(24).toString('base64')}`],
  ])('%s', (_what, make) => {
    const secrets = Array.from({ length: ROUNDS }, make)
    expect(secrets.filter(isWeakSecret)).toEqual([])
  })
})

test.each([
  '12345678',
  'password',
  'a'.repeat(32),
  'P@ssw0rd1234567890!',
  '0123456789abcdef0123456789abcdef',
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'qwertyuiopasdfghjklzxcvbnm1234567890',
  'abcabcabcabcabcabcabcabcabcabcabcabcabc',
  'my-super-secret-jwt-key-change-me-please',
  'supersecretsupersecretsupersecret!!',
  'your-256-bit-secret-your-256-bit-secret',
  'a secret of at least 32 bytes for tests',
  '20261127202611282026112920261130',
  `whsec_${Buffer.alloc(32).toString('base64')}`,
  `whsec_${Buffer.from('this-is-my-webhook-secret-of-2026').toString('base64')}`,
])('%s is weak', (secret) => {
  expect(isWeakSecret(secret)).toBe(true)
})

test('the description says which value is weak and how to make a strong one, and repeats none', () => {
  const strong = randomBytes(32).toString('hex')
  expect(weakSecrets('PANEL_API_KEYS', [])).toEqual([])
  expect(weakSecrets('PANEL_API_KEYS', [strong])).toEqual([])
  expect(weakSecrets('PANEL_API_KEYS', ['12345678'])).toEqual([
    'PANEL_API_KEYS: it can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
  ])
  expect(weakSecrets('PANEL_API_KEYS', ['12345678', strong, 'password'])).toEqual([
    'PANEL_API_KEYS: number 1 and number 3 can be guessed; use a random secret, such as the output of: openssl rand -hex 32',
  ])
  expect(weakSecrets('WEBHOOK_SECRETS', [`whsec_${Buffer.alloc(32).toString('base64')}`])).toEqual([
    'WEBHOOK_SECRETS: it can be guessed; use a random secret, such as the output of: echo "whsec_$(openssl rand -base64 32)"',
  ])
})
