import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diagnoseArchive } from '../../src/doctor/diagnose-archive.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paxyo-archive-'))
  for (const name of ['deliveries_2024_02_26.ndjson.gz', 'deliveries_2024_02_26.ndjson.gz.sha256']) {
    writeFileSync(join(folder, name), '')
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

test('without an archive there is nothing to check', async () => {
  expect(await diagnoseArchive({})).toEqual([])
})

test('an archive that can be read is ok, and another one is named with what to do', async () => {
  expect(await diagnoseArchive({ ARCHIVE_DIR: folder })).toEqual([
    { check: 'archive', status: 'ok', message: `${folder} can be read; files of deliveries: 1` },
  ])
  expect(await diagnoseArchive({ ARCHIVE_DIR: join(folder, 'missing') })).toMatchObject([
    { status: 'failed', message: expect.stringContaining('ENOENT'), hint: expect.stringContaining('ARCHIVE_DIR') },
  ])
})

test('each wrong variable is a diagnostic', async () => {
  const diagnostics = await diagnoseArchive({ ARCHIVE_S3_BUCKET: 'paxyo', ARCHIVE_S3_REGION: 'eu-central-1' })
  expect(diagnostics.map(({ status, message }) => [status, message.split(':')[0]])).toEqual([
    ['failed', 'ARCHIVE_S3_ACCESS_KEY_ID'],
    ['failed', 'ARCHIVE_S3_SECRET_ACCESS_KEY'],
  ])
})
