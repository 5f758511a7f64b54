import { afterEach, expect, jest, test } from '@jest/globals'
import { createGrouping } from '../../src/transaction/grouping.ts'

afterEach(() => {
  jest.useRealTimers()
})

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

test('after a group of several items, the next one starts after the interval; after a smaller one at once', async () => {
  jest.useFakeTimers()
  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms)
  const startedAtMs = performance.now()
  const groups: { readonly atMs: number; readonly items: readonly number[] }[] = []
  const process = (items: readonly number[]): Promise<readonly number[]> => {
    groups.push({ atMs: performance.now() - startedAtMs, items })
    return Promise.resolve(items)
  }
  const grouping = createGrouping(10, process, { itemsMin: 2, intervalMs: 8 })
  const submit = (...items: number[]): void => items.forEach((item) => void grouping.submit(item))

  submit(1)
  await pass(0)
  submit(2, 3)
  await pass(5)
  submit(4)
  await pass(2)
  submit(5)
  await pass(20)
  submit(6)
  await pass(0)
  expect(groups).toEqual([
    { atMs: 0, items: [1] },
    { atMs: 0, items: [2, 3] },
    { atMs: 8, items: [4, 5] },
    { atMs: 27, items: [6] },
  ])
  await grouping.idle()
})
