import { expect, test } from '@jest/globals'
import { assert, double, integer, property } from 'fast-check'
import { backOffMs, RETRY_DELAY_MS_MAX } from '../src/back-off.ts'

const random = double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('the first retry waits too, anywhere within a second', () => {
  expect([backOffMs(0, 0), backOffMs(0, 0.5), backOffMs(0, 0.999)]).toEqual([0, 500, 999])
})

test('the bound doubles, up to half a minute', () => {
  const bounds = [0, 1, 2, 3, 4, 5, 6, 1000].map((failures) => backOffMs(failures, 0.999_999_9) + 1)
  expect(bounds).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('whatever happened, it is within bounds', () => {
  assert(
    property(integer({ min: 0 }), random, (failures, chance) => {
      const delayMs = backOffMs(failures, chance)
      expect(delayMs).toBeGreaterThanOrEqual(0)
      expect(delayMs).toBeLessThan(RETRY_DELAY_MS_MAX)
    }),
  )
})
