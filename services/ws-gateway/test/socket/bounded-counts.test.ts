import { expect, test } from '@jest/globals'
import { BoundedCounts } from '../../src/socket/bounded-counts.ts'

test('each key is counted up to the bound, and one that goes makes room', () => {
  const counts = new BoundedCounts(2)

  expect([counts.add('a'), counts.add('a'), counts.add('a'), counts.add('b')]).toEqual([true, true, false, true])
  counts.remove('a')
  expect([counts.add('a'), counts.add('a')]).toEqual([true, false])
})

test('removing what was never counted makes no room', () => {
  const counts = new BoundedCounts(1)
  counts.remove('a')

  expect([counts.add('a'), counts.add('a')]).toEqual([true, false])
})
