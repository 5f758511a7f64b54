import { expect, test } from '@jest/globals'
import { BATCH_ROWS, importRows } from '../../src/import/import-rows.ts'

const watch = { signal: new AbortController().signal, onRejected: async () => undefined, onProgress: () => undefined }

async function* someRows(count: number) {
  for (let row = 1; row <= count; row += 1) yield { row, fields: {} }
}

test('batches are committed one after the other, so that the earlier of two conflicting rows is imported', async () => {
  const steps: string[] = []
  const importBatch = async (items: readonly { row: number }[]): Promise<string[]> => {
    const first = items[0]!.row
    steps.push(`begin ${first}`)
    await new Promise(setImmediate)
    steps.push(`end ${first}`)
    return items.map(() => 'imported')
  }
  const toItem = ({ row }: { row: number }) => ({ row })
  const summary = await importRows(someRows(2 * BATCH_ROWS + 1), { toItem, importBatch }, watch)
  expect(summary).toMatchObject({ rows: 2 * BATCH_ROWS + 1, imported: 2 * BATCH_ROWS + 1 })
  const firsts = [1, 1 + BATCH_ROWS, 1 + 2 * BATCH_ROWS]
  expect(steps).toEqual(firsts.flatMap((first) => [`begin ${first}`, `end ${first}`]))
})

test('the first error ends the import, and no later batch begins', async () => {
  let batches = 0
  const importBatch = (): Promise<string[]> => {
    batches += 1
    return Promise.reject(new Error('the disk is full'))
  }
  const rows = someRows(3 * BATCH_ROWS)
  await expect(importRows(rows, { toItem: ({ row }) => ({ row }), importBatch }, watch)).rejects.toThrow(
    'the disk is full',
  )
  expect(batches).toBe(1)
})
