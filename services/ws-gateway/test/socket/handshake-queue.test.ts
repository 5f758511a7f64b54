import { expect, test } from '@jest/globals'
import { setImmediate as nextIteration } from 'node:timers/promises'
import { HandshakeQueue } from '../../src/socket/handshake-queue.ts'

const PER_ITERATION = 3

test('lets a few begin in each iteration of the event loop, in order', async () => {
  const queue = new HandshakeQueue(PER_ITERATION)
  const begun: number[] = []
  const handshake = async (index: number): Promise<void> => {
    await queue.turn()
    begun.push(index)
  }
  const all = Array.from({ length: 10 }, (_, index) => handshake(index))
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

test('one that comes while others wait waits behind them', async () => {
  const queue = new HandshakeQueue(1)
  const order: string[] = []
  const enter = async (name: string): Promise<void> => {
    await queue.turn()
    order.push(name)
  }
  const first = [enter('a'), enter('b'), enter('c')]
  await nextIteration()
  const late = enter('d')
  await Promise.all([...first, late])
  expect(order).toEqual(['a', 'b', 'c', 'd'])
})

test('does not wait when it is quiet', async () => {
  const queue = new HandshakeQueue(PER_ITERATION)
  for (let iteration = 0; iteration < 5; iteration += 1) {
    expect(queue.turn()).toBeUndefined()
    await nextIteration()
  }
})
