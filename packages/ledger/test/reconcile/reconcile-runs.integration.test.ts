import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@paxyo/testkit'
import { createReconcileRuns } from '../../src/reconcile/reconcile-runs.ts'

test('the lock of a run ends with its work, also when the work fails', async () => {
  await using database = await createTestDatabase()
  const runs = createReconcileRuns(database.poolAs('ingest', 2))
  const inside = await runs.whileAlone(async () => [await runs.whileAlone(() => Promise.resolve('twice'))])
  expect(inside).toEqual([undefined])
  await expect(runs.whileAlone(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await runs.whileAlone(() => Promise.resolve('again'))).toBe('again')
})
