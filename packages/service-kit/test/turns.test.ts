import { expect, test } from '@jest/globals'
import { setImmediate as nextIteration } from 'node:timers/promises'
import { createTurns } from '../src/turns.ts'

const PER_ITERATION = 3

test('a few begin in each iteration of the event loop, in their order', async () => {
  const turns = createTurns(PER_ITERATION)
  const begun: number[] = []
  const request = async (index: number): Promise<void> => {
    await turns.turn('ann')
    begun.push(index)
  }
  const all = Array.from({ length: 10 }, (_, index) => request(index))
  await Promise.resolve()
  const perIteration = [begun.length]
  while (begun.length < all.length) {
    const before = begun.length
    await nextIteration()
    perIteration.push(begun.length - before)
  }
  await Promise.all(all)
  expect(begun).toEqual(Array.from(all.keys()))
  expect(perIteration).toEqual([3, 3, 3, 1])
})

test('a sender with many requests keeps another one waiting for one of them', async () => {
  const turns = createTurns(1)
  const order: string[] = []
  const request = async (sender: string): Promise<void> => {
    await turns.turn(sender)
    order.push(sender)
  }
  const first = ['many', 'many', 'many', 'many'].map(request)
  await nextIteration()
  const late = ['bob', 'bob', 'cid'].map(request)
  await Promise.all([...first, ...late])
  expect(order).toEqual(['many', 'many', 'many', 'bob', 'cid', 'many', 'bob'])
})

test('does not wait when it is quiet', async () => {
  const turns = createTurns(PER_ITERATION)
  for (let iteration = 0; iteration < 5; iteration += 1) {
    expect(turns.turn('ann')).toBeUndefined()
    await nextIteration()
  }
})
