import { expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const files = globSync('{packages,services,infra}/**/*.test.ts', {
  cwd: ROOT,
  exclude: (path) => path.includes('node_modules'),
}).map((path) => path.replaceAll('\\', '/'))

/** What makes a test need more than Node. */
const NEEDS_MORE =
  /from 'node:child_process'|\b(?:createTestDatabase|sharedRedisUrl|launchChromium|provideProgram|startRedis\w+|start(?:Process|Service|PhpServer|Prometheus|LocalPostgres|System))\b/

test('every file of tests is where Jest looks for it', () => {
  expect(files.length).toBeGreaterThan(100)
  expect(files.filter((path) => !/\/test\/|^infra\/e2e\//.test(path))).toEqual([])
})

test('a unit test needs nothing but Node: else its name ends in .integration.test.ts or .e2e.test.ts', () => {
  const units = files.filter((path) => !/\.(?:integration|e2e)\.test\.ts$/.test(path))
  const self = 'infra/scripts/test/test-files.test.ts'
  expect(units).toContain(self)
  expect(units.filter((path) => path !== self && NEEDS_MORE.test(read(path)))).toEqual([])
})

test('the known durations are those of files that are there', () => {
  const secondsByFile = JSON.parse(read('infra/scripts/jest-seconds.json')) as Record<string, number>
  expect(Object.keys(secondsByFile).filter((path) => !files.includes(path))).toEqual([])
})
