import { expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const files = globSync('{packages,services,infra}/**/*.test.ts', {
  cwd: ROOT,
  exclude: (path) => path.includes('node_modules'),
}).map((path) => path.replaceAll('\\', '/'))

/** What makes a test need more than Node. */
const NEEDS_MORE =
  /from 'node:child_process'|\b(?:createTestDatabase|sharedRedisUrl|startSystem|launchChromium|findChromium|bundleProgram|provideProgram|startRedis\w+|start(?:Process|Service|PhpServer|Prometheus|LocalPostgres|RawChromium))\b/

test('every file of tests is where Jest looks for it', () => {
  expect(files.length).toBeGreaterThan(100)
  expect(files.filter((path) => !/\/test\/|^infra\/e2e\//.test(path))).toEqual([])
})

/** A file of tests with the files beside it that it imports, and those that they import. */
function withHelpers(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  for (const [, imported] of read(path).matchAll(/from '(\.\.?\/[^']+\.ts)'/g)) {
    const helper = posix.join(posix.dirname(path), imported!)
    if (/\/test\/|^infra\/e2e\//.test(helper)) withHelpers(helper, seen)
  }
  return seen
}

test('a unit test needs nothing but Node: else its name ends in .integration.test.ts or .e2e.test.ts', () => {
  const units = files.filter((path) => !/\.(?:integration|e2e)\.test\.ts$/.test(path))
  const self = 'infra/scripts/test/test-files.test.ts'
  expect(units).toContain(self)
  const needsMore = (path: string): boolean => path !== self && NEEDS_MORE.test(read(path))
  expect(units.flatMap((path) => [...withHelpers(path)].filter(needsMore))).toEqual([])
})

test('the known durations are those of files that are there', () => {
  const secondsByFile = JSON.parse(read('infra/scripts/jest-seconds.json')) as Record<string, number>
  expect(Object.keys(secondsByFile).filter((path) => !files.includes(path))).toEqual([])
})
