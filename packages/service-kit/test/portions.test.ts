import { expect, test } from '@jest/globals'
import { inPortions } from '../src/portions.ts'

test('uses all items in their order, and lets the event loop read between them', async () => {
  const items = Array.from({ length: 100 }, (_, index) => index)
  const used: number[] = []
  const done = inPortions(items, (item, index) => used.push(item + index))
  expect(used).toEqual([])
  const afterFirst = new Promise<number>((resolve) => void setImmediate(() => resolve(used.length)))
  expect(await afterFirst).toBeLessThan(items.length)
  await done
  expect(used).toEqual(items.map((item) => 2 * item))
})
