import { expect, test } from '@jest/globals'
import type { OrderEvent, Position } from '@paxyo/contracts'
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { Stream } from '../src/stream.ts'

const at = '2026-11-22T18:00:00.000Z'
const event = (seq: number): OrderEvent => ({
  type: 'event',
  seq,
  event: 'account.updated',
  at,
  account: { balance: `${seq}`, currency: 'USD' },
})

function streamAt(position: Position | undefined) {
  const seen: number[] = []
  const stream = new Stream({ onSnapshot: () => undefined, onEvent: ({ seq }) => seen.push(seq) }, position)
  return { stream, seen }
}

test('what comes next passes, what is known does not, and a gap is noticed', () => {
  const { stream, seen } = streamAt({ epoch: 'a', seq: 6 })
  const placements = [7, 7, 6, 9, 8, 9].map((seq) => stream.offer('a', event(seq)))
  expect(placements).toEqual(['next', 'known', 'known', 'gap', 'next', 'next'])
  expect(seen).toEqual([7, 8, 9])
  expect(stream.position).toEqual({ epoch: 'a', seq: 9 })
})

test('nothing passes before a place is known, nor what is of another epoch', () => {
  const { stream, seen } = streamAt(undefined)
  expect(stream.offer('a', event(1))).toBe('foreign')
  stream.replace({
    position: { epoch: 'b', seq: 0 },
    account: undefined,
    orders: [],
    totals: undefined,
    older: undefined,
  })
  expect(stream.offer('a', event(1))).toBe('foreign')
  expect(stream.offer('b', event(1))).toBe('next')
  expect(seen).toEqual([1])
})

test('it knows what came after a place, as far as it has kept it', () => {
  const { stream } = streamAt({ epoch: 'a', seq: 100 })
  for (let seq = 101; seq <= 400; seq += 1) stream.offer('a', event(seq))
  const since = (seq: number, epoch = 'a') => stream.since({ epoch, seq })?.map((known) => known.seq)
  expect(since(398)).toEqual([399, 400])
  expect(since(400)).toEqual([])
  expect(since(401)).toEqual([])
  expect(since(144)).toHaveLength(256)
  expect(since(143)).toBeUndefined()
  expect(since(399, 'b')).toBeUndefined()
})

test('whatever is offered by however many sources, the application sees 1, 2, 3 …', () => {
  const offers = array(tuple(constantFrom('a', 'b'), integer({ min: 1, max: 12 })), { maxLength: 100 })
  assert(
    property(offers, (all) => {
      const { stream, seen } = streamAt({ epoch: 'a', seq: 0 })
      for (const [epoch, seq] of all) stream.offer(epoch, event(seq))
      expect(seen).toEqual(seen.map((_, index) => index + 1))
    }),
  )
})
