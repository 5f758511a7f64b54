import { expect, test } from '@jest/globals'
import { readNetworks } from '../../page/state/networks.ts'

test.each([
  ['', []],
  ['203.0.113.7, 203.0.113.0/24', ['203.0.113.7', '203.0.113.0/24']],
  ['2001:db8::/32\n::1', ['2001:db8::/32', '::1']],
])('%j names networks', (text, networks) => {
  expect(readNetworks(text)).toEqual(networks)
})

test.each(['my server', '203.0.113', '203.0.113.0/33', '203.0.113.7; 203.0.113.8', 'shop.example', '12:30'])(
  '%j does not',
  (text) => {
    expect(readNetworks(text)).toBeUndefined()
  },
)
