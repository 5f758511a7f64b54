import { expect, test } from '@jest/globals'
import { RETRY_DELAYS_MS, retryDelayMs } from '../../src/outgoing-webhooks/retry-schedule.ts'

const HOUR_MS = 3_600_000

test('it begins within seconds, takes ever longer, and ends after three days', () => {
  const delays = RETRY_DELAYS_MS.map((_, index) => retryDelayMs(RETRY_DELAYS_MS, index + 1, 0.5)!)

  expect(delays[0]).toBe(5_000)
  expect(delays).toEqual(delays.toSorted((a, b) => a - b))
  const sum = delays.reduce((total, delay) => total + delay, 0)
  expect(sum).toBeGreaterThan(70 * HOUR_MS)
  expect(sum).toBeLessThan(76 * HOUR_MS)
  expect(retryDelayMs(RETRY_DELAYS_MS, RETRY_DELAYS_MS.length + 1, 0.5)).toBeUndefined()
})

test('those that failed together come back a fifth earlier or later', () => {
  expect([0, 0.5, 1].map((random) => retryDelayMs([5_000], 1, random))).toEqual([4_000, 5_000, 6_000])
})
