import { expect, test } from '@jest/globals'
import { mayContain, OrderIndexBuilder } from '../../src/archive/order-index.ts'

test('an index has each id once, whichever page it came in, and no other one', () => {
  const index = new OrderIndexBuilder()
  index.add(['A-1', '23501', 'A-1'])
  index.add([])
  index.add(['A-2', 'A-1', 'ü'])
  const bytes = index.build()
  expect(bytes.length).toBe(4 * 4)
  for (const id of ['A-1', '23501', 'A-2', 'ü']) expect(mayContain(bytes, id)).toBe(true)
  for (const id of ['A-3', '2350', '']) expect(mayContain(bytes, id)).toBe(false)
})

test('an index without ids has none', () => {
  const bytes = new OrderIndexBuilder().build()
  expect([bytes.length, mayContain(bytes, 'A-1')]).toEqual([0, false])
})
