import { expect, test } from '@jest/globals'
import { createGrouping } from '../../src/transaction/grouping.ts'

/** Groups that end when the test says so. */
function manualGroups() {
  const groups: { readonly items: readonly number[]; readonly end: PromiseWithResolvers<number[]> }[] = []
  const started: PromiseWithResolvers<void>[] = []
  const grouping = createGrouping(3, (items: readonly number[]) => {
    const end = Promise.withResolvers<number[]>()
    groups.push({ items, end })
    started.shift()?.resolve()
    return end.promise
  })
  const next = async () => {
    const start = Promise.withResolvers<void>()
    started.push(start)
    await start.promise
    return groups.at(-1)!
  }
  return { grouping, next, groups }
}

test('items that arrive while a group is processed form the next ones, in their order', async () => {
  const { grouping, next } = manualGroups()
  const first = next()
  const results = [grouping.submit(1)]
  const { end } = await first
  for (const item of [2, 3, 4, 5]) results.push(grouping.submit(item))
  expect(grouping.waitingCount).toBe(4)
  expect(grouping.ageMs).toBeGreaterThanOrEqual(0)

  const second = next()
  end.resolve([10])
  const { items, end: secondEnd } = await second
  expect(items).toEqual([2, 3, 4])
  const third = next()
  secondEnd.resolve([20, 30, 40])
  ;(await third).end.resolve([50])
  expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50])
  await grouping.idle()
  expect([grouping.waitingCount, grouping.ageMs]).toEqual([0, 0])
})

test('the error of a group is that of its items, and of no others', async () => {
  const { grouping, next } = manualGroups()
  const first = next()
  const failing = [grouping.submit(1), grouping.submit(2)]
  const { items, end } = await first
  expect(items).toEqual([1, 2])
  const later = grouping.submit(3)
  const second = next()
  end.reject(new Error('no connection'))
  await expect(Promise.all(failing)).rejects.toThrow('no connection')
  await expect(failing[1]).rejects.toThrow('no connection')
  ;(await second).end.resolve([30])
  expect(await later).toBe(30)
})

test('the next group does not wait for a result that is not there yet', async () => {
  const slow = Promise.withResolvers<number>()
  const grouping = createGrouping(3, async (items: readonly number[]) =>
    items.map((item) => (item === 1 ? slow.promise : item * 10)),
  )
  const first = grouping.submit(1)
  expect(await grouping.submit(2)).toBe(20)
  expect(await grouping.submit(3)).toBe(30)
  slow.resolve(10)
  expect(await first).toBe(10)
})
