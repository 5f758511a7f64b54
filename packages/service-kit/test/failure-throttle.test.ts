import { beforeEach, describe, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { addressGroup, isLoopback, isNear } from '../src/address.ts'
import {
  createFailureThrottle,
  throttledAddress,
  type FailureLimits,
  type FailureThrottle,
} from '../src/failure-throttle.ts'

let nowMs: number
let lines: Record<string, unknown>[]
let counts: { failed: number; throttled: number }
beforeEach(() => {
  nowMs = 1_000_000
  lines = []
  counts = { failed: 0, throttled: 0 }
})

const create = (limits: Partial<FailureLimits> = {}): FailureThrottle =>
  createFailureThrottle({
    door: 'panel_api',
    limits: { failuresMax: 3, windowMs: 60_000, ...limits },
    now: () => nowMs,
    log: pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(JSON.parse(line) as never) }),
    onFailure: (isThrottled) => (counts[isThrottled ? 'throttled' : 'failed'] += 1),
  })

/** Fails several times. @returns what the last one has to wait, in seconds. */
function fail(throttle: FailureThrottle, times: number, address: string | undefined = '203.0.113.7'): number {
  const waitsS = Array.from({ length: times }, () => throttle.failed(address))
  return waitsS.at(-1)!
}

describe('an address', () => {
  test('may fail a few times, then must wait until its bucket has room', () => {
    const throttle = create()
    expect(fail(throttle, 3)).toBe(0)
    expect(fail(throttle, 1)).toBe(20)
    expect(throttle.failed('203.0.113.8')).toBe(0)
    nowMs += 15_000
    expect(fail(throttle, 1)).toBe(5)
    nowMs += 5_000
    expect(fail(throttle, 1)).toBe(0)
    expect(counts).toEqual({ failed: 5, throttled: 2 })
  })

  test('that goes on all the time gets a fourth of a minute, however much it tries', () => {
    const throttle = create()
    for (let index = 0; index < 6_000; index += 1) {
      fail(throttle, 10)
      nowMs += 10
    }
    expect(counts.failed).toBe(3 + 2)
    expect(counts.throttled).toBe(60_000 - 5)
  })

  test('that fails now and then never waits', () => {
    const throttle = create()
    for (let index = 0; index < 100; index += 1) {
      expect(fail(throttle, 1)).toBe(0)
      nowMs += 20_000
    }
  })

  test('of IPv6 is its /64, and of IPv4 in IPv6 the IPv4 address', () => {
    const throttle = create()
    for (const host of [':1', 'a:b:c:d', 'ffff:0:0:1']) fail(throttle, 1, `2001:db8:1:2:${host}`)
    expect(throttle.failed('2001:db8:1:2::99')).toBe(20)
    expect(throttle.failed('2001:db8:1:3::1')).toBe(0)
    expect(addressGroup('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(addressGroup('::ffff:203.0.113.7')).toBe('203.0.113.7')
    expect(addressGroup('no address')).toBe('no address')
  })

  test.each([
    ['127.0.0.1', true, true],
    ['::ffff:127.0.0.1', true, true],
    ['::1', true, true],
    ['10.0.0.7', false, true],
    ['203.0.113.7', false, false],
    ['no address', false, false],
  ])('%s is of this machine: %s, of a near network: %s, however often it is looked up', (address, own, near) => {
    for (let time = 0; time < 2; time += 1) expect([isLoopback(address), isNear(address)]).toEqual([own, near])
  })
})

test('the memory is bounded: the address that failed longest ago is forgotten', () => {
  const throttle = create({ addressesMax: 2 })
  fail(throttle, 3, '203.0.113.1')
  fail(throttle, 3, '203.0.113.2')
  fail(throttle, 1, '203.0.113.1')
  fail(throttle, 3, '203.0.113.3')
  expect(['203.0.113.1', '203.0.113.3', '203.0.113.2'].map((address) => throttle.failed(address))).toEqual([20, 20, 0])
})

describe('the log', () => {
  const line = { level: 40, door: 'panel_api', address: '203.0.113.7' }

  test('has one line of an address for a window, and one when it is throttled', () => {
    const throttle = create()
    fail(throttle, 30)
    nowMs += 60_000
    fail(throttle, 1)
    expect(lines).toEqual([
      { ...line, failures: 1, msg: 'authentication failed' },
      { ...line, failures: 3, msg: 'authentication throttled' },
      { ...line, failures: 27, msg: 'authentication failed' },
    ])
  })

  test('has the fields of the failure', () => {
    create().failed('203.0.113.7', { provider: 'godofpanel' })
    expect(lines).toEqual([{ ...line, provider: 'godofpanel', failures: 1, msg: 'authentication failed' }])
  })

  test('is bounded when many addresses fail, and goes on in the next window', () => {
    const throttle = create({ linesMax: 10 })
    for (let index = 0; index < 200; index += 1) throttle.failed(`198.51.100.${index}`)
    expect(lines).toHaveLength(10)
    nowMs += 60_000
    throttle.failed('203.0.113.7')
    expect(lines.at(-1)).toMatchObject({ address: '203.0.113.7' })
  })
})

test('an unknown address is counted and logged, and never waits', () => {
  const throttle = create()
  for (let index = 0; index < 30; index += 1) expect(throttle.failed(undefined)).toBe(0)
  expect(counts).toEqual({ failed: 30, throttled: 0 })
  expect(lines).toMatchObject([{ address: expect.stringContaining('TRUST_PROXY'), msg: 'authentication failed' }])
})

describe("a request's address", () => {
  const addressOf = (ip: string, remoteAddress: string, headers: Record<string, string> = {}) =>
    throttledAddress({ ip, socket: { remoteAddress }, headers } as never)

  test.each(['127.0.0.1', '::1', '10.1.2.3', '::ffff:192.168.1.1', 'fd00::1'])(
    'is not known behind a proxy at %s that is not trusted',
    (proxy) => {
      expect(addressOf(proxy, proxy, { 'x-forwarded-for': '203.0.113.7' })).toBeUndefined()
      expect(addressOf(proxy, proxy, { forwarded: 'for=203.0.113.7' })).toBeUndefined()
      expect(addressOf(proxy, proxy)).toBe(proxy)
    },
  )

  test('is what a trusted proxy says', () => {
    expect(addressOf('203.0.113.7', '127.0.0.1', { 'x-forwarded-for': '203.0.113.7' })).toBe('203.0.113.7')
  })

  test('from outside cannot be hidden by a header', () => {
    expect(addressOf('203.0.113.7', '203.0.113.7', { 'x-forwarded-for': '10.0.0.1' })).toBe('203.0.113.7')
  })
})
