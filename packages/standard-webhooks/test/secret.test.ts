import { expect, test } from '@jest/globals'
import { parseSecret } from '../src/index.ts'

const write = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 0xfb).toString('base64')}`

test.each([24, 25, 26, 32, 63, 64])('a secret of %i bytes is its key, with or without padding', (bytes) => {
  expect(parseSecret(write(bytes))).toEqual(Buffer.alloc(bytes, 0xfb))
  expect(parseSecret(write(bytes).replaceAll('=', ''))).toEqual(Buffer.alloc(bytes, 0xfb))
})

test.each([
  ['nothing', ''],
  ['only the prefix', 'whsec_'],
  ['23 bytes', write(23)],
  ['65 bytes', write(65)],
  ['no prefix', write(32).slice('whsec_'.length)],
  ['a prefix in capitals', write(32).replace('whsec_', 'WHSEC_')],
  ['a public key', write(32).replace('whsec_', 'whpk_')],
  ['base64url', write(32).replaceAll('+', '-').replaceAll('/', '_')],
  ['a space at the end', `${write(32)} `],
  ['a line break inside', write(32).replace('+', '+\n')],
  ['half of its padding', write(25).replace('==', '=')],
  ['too much padding', `${write(32)}=`],
  ['stray bits at the end', write(32).replace(/.=$/, 'v=')],
  ['words', 'whsec_not base64 at all, but long enough to be one'],
])('%s is not a secret', (_name, text) => {
  expect(parseSecret(text)).toBeUndefined()
})
