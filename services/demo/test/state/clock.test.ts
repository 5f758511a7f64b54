import { expect, test } from '@jest/globals'
import { clockOffset, moreExact } from '../../page/state/clock.ts'

test('the offset is exact when both ways take equally long, whatever the server needs in between', () => {
  // The server is 1,000 ms ahead; 4 ms there, 30 ms of work, 4 ms back.
  const offset = clockOffset({ sentMs: 100, requestedMs: 1104, respondedMs: 1134, receivedMs: 138 })
  expect(offset).toEqual({ offsetMs: 1000, errorMs: 4 })
})

test('it is never wrong by more than its error', () => {
  for (const thereMs of [0, 1, 5, 8]) {
    const backMs = 8 - thereMs
    const { offsetMs, errorMs } = clockOffset({
      sentMs: 0,
      requestedMs: thereMs - 50,
      respondedMs: thereMs - 50 + 3,
      receivedMs: thereMs + 3 + backMs,
    })
    expect(Math.abs(offsetMs - -50)).toBeLessThanOrEqual(errorMs)
  }
})

test('the more exact of two measurements is kept', () => {
  const [good, bad] = [
    { offsetMs: 1, errorMs: 1 },
    { offsetMs: 9, errorMs: 9 },
  ]
  expect(moreExact(undefined, bad)).toBe(bad)
  expect(moreExact(good, bad)).toBe(good)
  expect(moreExact(bad, good)).toBe(good)
})
