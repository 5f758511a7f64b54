import { expect, test } from '@jest/globals'
import { setImmediate as nextIteration } from 'node:timers/promises'
import { createTurns } from '../src/turns.ts'

const PER_ITERATION = 3

test('a few begin in each iteration of the event loop, in their order', async () => {
  const turns = createTurns(PER_ITERATION)
  const begun: number[] = []
  const all = Array.from({ length: 10 }, (_, index) => index)
  for (const index of all) turns.wait('ann', () => begun.push(index))
  const perIteration = [begun.length]
  while (begun.length < all.length) {
    const before = begun.length
    await nextIteration()
    perIteration.push(begun.length - before)
  }
  expect(begun).toEqual(all)
  expect(perIteration).toEqual([3, 3, 3, 1])
})

test('a sender with many requests keeps another one waiting for one of them', async () => {
  const turns = createTurns(1)
  const order: string[] = []
  const wait = (sender: string): void => turns.wait(sender, () => order.push(sender))
  for (const sender of ['many', 'many', 'many', 'many']) wait(sender)
  await nextIteration()
  for (const sender of ['bob', 'bob', 'cid']) wait(sender)
  while (order.length < 7) await nextIteration()
  expect(order).toEqual(['many', 'many', 'many', 'bob', 'cid', 'many', 'bob'])
})

test('does not wait when it is quiet', async () => {
  const turns = createTurns(PER_ITERATION)
  let begun = 0
  for (let iteration = 1; iteration <= 5; iteration += 1) {
    turns.wait('ann', () => (begun += 1))
    expect(begun).toBe(iteration)
    await nextIteration()
  }
})
