import { expect, test } from '@jest/globals'
import { networkInterfaces } from 'node:os'
import { ownAddress, ownOrigins } from '../src/own-address.ts'

test.each([
  ['127.0.0.1', 8080, 'http://127.0.0.1:8080'],
  ['0.0.0.0', 8080, 'http://127.0.0.1:8080'],
  ['::', 8080, 'http://[::1]:8080'],
  ['fd00::1', 8080, 'http://[fd00::1]:8080'],
  ['panel.example', 80, 'http://panel.example'],
])('%s:%d reaches itself at %s', (host, port, address) => {
  expect(ownAddress(host, port)).toBe(address)
})

test('its own pages may come from where it listens', () => {
  expect(ownOrigins('127.0.0.1', 8080)).toEqual(['http://localhost:8080', 'http://127.0.0.1:8080'])
  expect(ownOrigins('localhost', 80)).toEqual(['http://localhost'])
})

test('where it listens everywhere they may come from each of its addresses', () => {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all)
  const origins = ownOrigins('0.0.0.0', 8080)
  expect(origins).toContain('http://localhost:8080')
  for (const { address, family } of addresses) {
    expect(origins).toContain(`http://${family === 'IPv6' ? `[${address}]` : address}:8080`)
  }
})
