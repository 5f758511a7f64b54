import { afterAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { isPublished } from '../is-published.ts'

const folder = mkdtempSync(join(tmpdir(), 'paxyo-npm-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a version that the registry has is not published again; without a response it is tried', () => {
  // As npm responds: for a version that is not there it prints nothing, or an error.
  writeFileSync(join(folder, 'npm'), `#!/bin/sh\n[ "$2" = a-package@1.2.0 ] && echo 1.2.0\n`, { mode: 0o755 })
  process.env['PATH'] = `${folder}${delimiter}${process.env['PATH']}`
  expect(isPublished({ name: 'a-package', version: '1.2.0' })).toBe(true)
  expect(isPublished({ name: 'a-package', version: '1.3.0' })).toBe(false)
})
