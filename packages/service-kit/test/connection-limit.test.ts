import { describe, expect, test } from '@jest/globals'
import { createConnectionLimit } from '../src/connection-limit.ts'

describe('an address', () => {
  test('may have so many connections and no more, until one of them closes', () => {
    const limit = createConnectionLimit(false, 2)
    expect(['203.0.113.7', '203.0.113.7', '203.0.113.7'].map((address) => limit.add(address))).toEqual([
      true,
      true,
      false,
    ])
    expect(limit.add('203.0.113.8')).toBe(true)
    limit.remove('203.0.113.7')
    expect(limit.add('203.0.113.7')).toBe(true)
    expect(limit.add('203.0.113.7')).toBe(false)
  })

  test('of IPv6 counts with its network, and of IPv4 in IPv6 as IPv4', () => {
    const limit = createConnectionLimit(false, 2)
    expect(['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2::3'].map((one) => limit.add(one))).toEqual([
      true,
      true,
      false,
    ])
    expect(limit.add('2001:db8:1:3::1')).toBe(true)
    expect(['::ffff:203.0.113.7', '203.0.113.7', '203.0.113.7'].map((one) => limit.add(one))).toEqual([
      true,
      true,
      false,
    ])
  })

  test.each([
    ['127.0.0.1', false],
    ['::1', false],
    ['10.1.2.3', false],
    ['203.0.113.7', '203.0.113.0/24'],
    ['::ffff:203.0.113.7', '10.0.0.0/8, 203.0.113.7'],
    ['203.0.113.7', true],
  ])('of a proxy may have any number: %s, with TRUST_PROXY=%s', (address, trustProxy) => {
    const limit = createConnectionLimit(trustProxy, 2)
    expect(Array.from({ length: 10 }, () => limit.add(address))).not.toContain(false)
  })
})
