import { expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** What a run reports of its files and tests, as `--json` prints it. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** Each checks that the other one has left nothing, and leaves the same. */
const LEAVES_STATE = `
  test('finds the process as it was', () => {
    expect(process.env.LEFT).toBeUndefined()
    expect(process.exitCode).toBeUndefined()
    expect(globalThis.WebSocket).toBe(process.constructor.firstWebSocket ??= globalThis.WebSocket)
    expect(Date.now()).toBeGreaterThan(1_000)
    process.env.LEFT = 'left'
    process.exitCode = 3
    globalThis.WebSocket = undefined
    jest.useFakeTimers({ now: 0 })
  })`
const FILES: Readonly<Record<string, string>> = {
  'missing-import': `import './not-there.ts'\ntest('runs', () => undefined)`,
  'throws-on-import': `throw new Error('while it is loaded')`,
  'failing-test': `test('fails', () => { expect(1).toBe(2) })`,
  'failing-hook': `afterAll(() => { throw new Error('in a hook') })\ntest('passes', () => undefined)`,
  'unhandled-rejection': `
    test('rejects', async () => { void Promise.reject(new Error('unhandled')); await setTimeout(20) })`,
  'uncaught-exception': `
    test('throws', async () => { setImmediate(() => { throw new Error('uncaught') }); await setTimeout(20) })`,
  'never-ends': `test('waits', () => new Promise(() => undefined), 50)`,
  exits: `test('ends the process', () => process.exit(0))`,
  'leaves-state-a': LEAVES_STATE,
  'leaves-state-b': LEAVES_STATE,
  // The smallest file, so that it runs last: its handle keeps the worker alive.
  'no-tests': `createServer().listen(0)`,
}
const IMPORTS = `
  import { afterAll, expect, jest, test } from '@jest/globals'
  import { createServer } from 'node:net'
  import { setTimeout } from 'node:timers/promises'\n`

test('a run reports everything that goes wrong in a file, keeps files apart, and ends', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-jest-'))
  for (const [name, source] of Object.entries(FILES)) writeFileSync(join(dir, `${name}.test.ts`), IMPORTS + source)
  const { default: config } = (await import(join(ROOT, 'jest.config.mjs'))) as {
    default: { projects: [object]; workerIdleMemoryLimit: string }
  }
  const [unit] = config.projects
  const project = { ...unit, rootDir: ROOT, roots: [dir], testMatch: [`${dir}/*.test.ts`] }
  const { workerIdleMemoryLimit } = config
  const settings = JSON.stringify({ ...project, workerIdleMemoryLimit })
  const options = ['--maxWorkers', '1', '--json', '--silent', '--config', settings]
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js')
  const env = { ...process.env, JEST_WORKER_ID: undefined, TEST_CPU_REPORT: undefined }
  const run = spawnSync(process.execPath, [jest, ...options], { cwd: ROOT, env, encoding: 'utf8', timeout: 200_000 })
  rmSync(dir, { recursive: true })

  if (run.stdout === '') throw new Error(run.stderr)
  expect(run.status).toBe(1)
  const { testResults } = JSON.parse(run.stdout) as Report
  const results = testResults.map(({ name, status, message, assertionResults }) => {
    const file = /([\w-]+)\.test\.ts$/.exec(name)![1]!
    return [file, { status, message, tests: assertionResults.map((it) => it.status) }] as const
  })
  const failed = (message: string, ...tests: string[]): object => ({
    status: 'failed',
    message: expect.stringContaining(message),
    tests,
  })
  const passed = { status: 'passed', message: '', tests: ['passed'] }
  expect(Object.fromEntries(results)).toEqual({
    'missing-import': failed('not-there.ts'),
    'throws-on-import': failed('while it is loaded'),
    'no-tests': failed('must contain at least one test'),
    'failing-test': failed('toBe', 'failed'),
    'failing-hook': failed('in a hook', 'passed'),
    'unhandled-rejection': failed('unhandled', 'failed'),
    'uncaught-exception': failed('uncaught', 'failed'),
    'never-ends': failed('Exceeded timeout of 50 ms', 'failed'),
    exits: failed('exitCode=0'),
    'leaves-state-a': passed,
    'leaves-state-b': passed,
  })
  expect(run.stderr).toContain('failed to exit gracefully')
})
