import { expect, test } from '@jest/globals'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { coalesce, type CoalesceOptions } from '../../src/read/coalesce.ts'

/** Loads that run until the test completes them. */
function startLoads(options: CoalesceOptions) {
  const loads: { keys: readonly number[]; succeed(): void; fail(error: Error): void }[] = []
  const ask = coalesce<number, string>((keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<string[]>()
    loads.push({ keys, succeed: () => resolve(keys.map((key) => `value of ${key}`)), fail: reject })
    return promise
  }, options)
  const keys = (): (readonly number[])[] => loads.map((load) => load.keys)
  return { ask, loads, keys }
}

test('a lone question is asked at once', async () => {
  const { ask, loads, keys } = startLoads({ batchMax: 10, concurrency: 1 })
  const value = ask(1)
  await nextTurn()

  expect(keys()).toEqual([[1]])
  loads[0]!.succeed()
  expect(await value).toBe('value of 1')
})

test('questions of the same moment are asked together, and each gets its own answer', async () => {
  const { ask, loads, keys } = startLoads({ batchMax: 10, concurrency: 1 })
  const values = Promise.all([3, 1, 2].map((key) => ask(key)))
  await nextTurn()

  expect(keys()).toEqual([[3, 1, 2]])
  loads[0]!.succeed()
  expect(await values).toEqual(['value of 3', 'value of 1', 'value of 2'])
})

test('questions that come during a load are asked together when it is done', async () => {
  const { ask, loads, keys } = startLoads({ batchMax: 10, concurrency: 1 })
  const first = ask(1)
  await nextTurn()
  const others = Promise.all([2, 3, 4].map((key) => ask(key)))
  await nextTurn()
  expect(keys()).toEqual([[1]])

  loads[0]!.succeed()
  await first
  await nextTurn()
  expect(keys()).toEqual([[1], [2, 3, 4]])
  loads[1]!.succeed()
  expect(await others).toEqual(['value of 2', 'value of 3', 'value of 4'])
})

test('a load asks for not more than batchMax keys', async () => {
  const batches: (readonly number[])[] = []
  const ask = coalesce<number, number>(
    async (keys) => {
      batches.push(keys)
      return keys
    },
    { batchMax: 2, concurrency: 1 },
  )

  expect(await Promise.all([1, 2, 3, 4, 5].map((key) => ask(key)))).toEqual([1, 2, 3, 4, 5])
  expect(batches).toEqual([[1, 2], [3, 4], [5]])
})

test('a load that fails fails exactly those who asked for it', async () => {
  const { ask, loads } = startLoads({ batchMax: 2, concurrency: 1 })
  const values = Promise.allSettled([1, 2, 3].map((key) => ask(key)))
  await nextTurn()
  loads[0]!.fail(new Error('the database is away'))
  await nextTurn()
  loads[1]!.succeed()

  const rejected = { status: 'rejected', reason: new Error('the database is away') }
  expect(await values).toEqual([rejected, rejected, { status: 'fulfilled', value: 'value of 3' }])
})

test('after a failure questions are answered again', async () => {
  const { ask, loads } = startLoads({ batchMax: 2, concurrency: 1 })
  const failed = ask(1)
  await nextTurn()
  loads[0]!.fail(new Error('the database is away'))
  await expect(failed).rejects.toThrow('the database is away')

  const value = ask(1)
  await nextTurn()
  loads[1]!.succeed()
  expect(await value).toBe('value of 1')
})

test('a question that nobody waits for any more by the time it could be asked is not asked', async () => {
  const { ask, loads, keys } = startLoads({ batchMax: 2, concurrency: 1 })
  const first = ask(1)
  await nextTurn()
  const dropped = [2, 3, 4].map((key) => ask(key, () => false))
  const wanted = ask(5, () => true)
  loads[0]!.succeed()
  await first

  for (const value of dropped) await expect(value).rejects.toThrow('no longer wanted')
  expect(keys()).toEqual([[1], [5]])
  loads[1]!.succeed()
  expect(await wanted).toBe('value of 5')
})

test('not more loads run at once than may', async () => {
  let running = 0
  let runningMax = 0
  let loads = 0
  const ask = coalesce<number, number>(
    async (keys) => {
      loads += 1
      running += 1
      runningMax = Math.max(runningMax, running)
      await nextTurn()
      running -= 1
      return keys
    },
    { batchMax: 3, concurrency: 2 },
  )
  const keys = Array.from({ length: 30 }, (_, index) => index)

  expect(await Promise.all(keys.map((key) => ask(key)))).toEqual(keys)
  expect({ loads, runningMax }).toEqual({ loads: 10, runningMax: 2 })
})

test('under a steady stream of questions loads keep their distance, and a lone one is still asked at once', async () => {
  const gatherMs = 100
  const startedAt = performance.now()
  const batches: number[] = []
  const ask = coalesce<number, number>(
    async (keys) => {
      batches.push(keys.length)
      return keys
    },
    { batchMax: 1000, concurrency: 1, gatherMs },
  )
  await ask(0)
  expect(batches).toEqual([1])

  const values: Promise<number>[] = []
  for (let key = 1; key <= 50; key += 1) {
    values.push(ask(key))
    await nextTurn()
  }
  await Promise.all(values)
  expect(batches.reduce((sum, count) => sum + count)).toBe(51)
  // Two, unless this process was paused for longer than `gatherMs`.
  const elapsedMs = performance.now() - startedAt
  expect(batches.length).toBeLessThanOrEqual(1 + Math.ceil(elapsedMs / gatherMs))
})
