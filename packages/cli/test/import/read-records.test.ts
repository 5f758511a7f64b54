import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openImportFile } from '../../src/import/read-records.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-records-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('numbers of a JSON line that a double cannot hold keep their digits', async () => {
  const path = join(dir, 'orders.ndjson')
  writeFileSync(path, '{"id":90071992547409931,"charge":999999999999.12345678,"rate":0.0000001,"quantity":1000.0}\n')
  const { records } = await openImportFile(path, 'ndjson', undefined, new AbortController().signal)

  expect(await Array.fromAsync(records)).toEqual([
    {
      row: 1,
      fields: { id: '90071992547409931', charge: '999999999999.12345678', rate: '0.0000001', quantity: 1000 },
    },
  ])
})
