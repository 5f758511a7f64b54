import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { PROVIDER_ERROR_CODES } from '@paxyo/order-core'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the table of error codes is that of the code', () => {
  const rows = [...README.matchAll(/^\| `(\w+)` \| (.+\.) \|$/gm)].map(([, code, meaning]) => [code, meaning])
  expect(Object.fromEntries(rows)).toEqual(PROVIDER_ERROR_CODES)
})
