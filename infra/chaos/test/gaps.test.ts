import { expect, test } from '@jest/globals'
import { createGaps } from '../gaps.ts'

function gapsAt(...times: readonly number[]) {
  let now = times[0]!
  const gaps = createGaps(() => now)
  for (const time of times.slice(1)) {
    now = time
    gaps.add()
  }
  return { gaps, goTo: (time: number) => (now = time) }
}

test('the longest gap is between two occurrences, before the first one, or has not ended', () => {
  expect(gapsAt(0, 100, 900, 1_000).gaps.longestMs()).toBe(800)
  expect(gapsAt(0, 700, 800).gaps.longestMs()).toBe(700)
  const { gaps, goTo } = gapsAt(0, 100, 900)
  goTo(5_000)
  expect(gaps.longestMs()).toBe(4_100)
  expect(gaps.count).toBe(2)
})

test('after the end there is no gap', () => {
  const { gaps, goTo } = gapsAt(0, 100, 900)
  goTo(1_000)
  gaps.finish()
  goTo(5_000)
  expect(gaps.longestMs()).toBe(800)
})

test('a gap counts for a time when it ended after it, however early it began', () => {
  const { gaps } = gapsAt(0, 100, 3_100, 3_200, 4_200, 4_300)
  expect(gaps.longestMs(3_000)).toBe(3_000)
  expect(gaps.longestMs(3_150)).toBe(1_000)
  expect(gaps.longestMs(4_250)).toBe(0)
})
