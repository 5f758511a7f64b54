import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownerUrl } from '../src/owner-url.ts'

test('the address stands in the environment, or in the file that it names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-owner-url-'))
  const file = join(folder, 'url')
  writeFileSync(file, 'postgres://owner:secret@db/paxyo\n')

  expect(ownerUrl({ DATABASE_URL: 'postgres://db/paxyo' })).toBe('postgres://db/paxyo')
  expect(ownerUrl({ DATABASE_URL_FILE: file })).toBe('postgres://owner:secret@db/paxyo')
  rmSync(folder, { recursive: true })
})

test.each([
  ['none', {}, 'DATABASE_URL must be set'],
  ['an empty one', { DATABASE_URL: '' }, 'DATABASE_URL must be set'],
  ['both', { DATABASE_URL: 'a', DATABASE_URL_FILE: 'b' }, 'are both set'],
  ['a file that is not there', { DATABASE_URL_FILE: '/nowhere/url' }, 'cannot be read: /nowhere/url'],
])('%s is refused', (_name, environment, message) => {
  expect(() => ownerUrl(environment)).toThrow(message)
})
