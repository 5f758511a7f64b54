import { expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const FOLDER = join(tmpdir(), `paxyo-secrets-that-nobody-makes-${process.pid}`)

test.each([
  [['--help'], 0, /^Usage: npm run secrets/, /^$/],
  [['--rotate', 'nonsense', '--folder', FOLDER], 1, /^$/, /^nonsense is not to be rotated; these are: /],
])('%j makes nothing', (args, code, out, err) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  expect([status, stdout, stderr]).toEqual([code, expect.stringMatching(out), expect.stringMatching(err)])
  expect(existsSync(FOLDER)).toBe(false)
})
