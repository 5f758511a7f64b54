import { expect, test } from '@jest/globals'
import { runShared } from '../../src/panel-api/run-shared.ts'

test('work runs once at a time, and its result is kept for a while', async () => {
  let [runs, now] = [0, 0]
  const shared = runShared(async () => (runs += 1), { keepMs: 1000, now: () => now })
  expect(await Promise.all([shared(), shared(), shared()])).toEqual([1, 1, 1])
  now = 999
  expect(await shared()).toBe(1)
  now = 1000
  expect(await shared()).toBe(2)
})

test('a failure is passed on and not kept', async () => {
  let runs = 0
  const work = async (): Promise<number> => {
    if ((runs += 1) === 1) throw new Error('no connection')
    return runs
  }
  const shared = runShared(work, { keepMs: 1000, now: () => 0 })
  await expect(Promise.all([shared(), shared()])).rejects.toThrow('no connection')
  expect(await shared()).toBe(2)
})
