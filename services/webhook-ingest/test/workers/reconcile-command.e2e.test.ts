import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { bundleProgram, hostEnvironment, sharedRedisUrl } from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { PROVIDER_KEY, startWithProvider, type ProviderFixture } from '../provider-fixture.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
/** As documented, without the output of npm itself. */
const DOCUMENTED = ['npm', 'run', '--silent', 'reconcile', '--']
/** What that runs. */
const BUNDLED = [process.execPath, await bundleProgram(`${ROOT}packages/cli/src/main.ts`), 'reconcile']

let fixture: ProviderFixture
beforeEach(async () => {
  fixture = await startWithProvider()
})
afterEach(async () => {
  await fixture[Symbol.asyncDispose]()
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function reconcile(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  [program, ...before] = BUNDLED,
): Promise<Ended> {
  const settings = {
    DATABASE_URL: fixture.database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    PROVIDER_API_URL: fixture.simulator.apiUrl,
    PROVIDER_API_KEY: PROVIDER_KEY,
  }
  return new Promise((resolve) => {
    execFile(
      program!,
      [...before, ...args],
      { cwd: ROOT, env: { ...hostEnvironment(), HOME: process.env['HOME'], ...settings, ...env } },
      (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })
}

test('npm run reconcile: silent orders, orders by name, and what came of them', async () => {
  for (const id of ['1', '2', '3']) await fixture.place(id)
  fixture.simulator.setWebhook(undefined)
  fixture.simulator.cancel('1')
  fixture.simulator.change('2', { status: 'failed' })

  expect(await reconcile(['A-1', 'A-404'], {}, DOCUMENTED)).toMatchObject({
    code: 0,
    stdout: 'orders asked about: 1 (1 applied)\nrefunded: A-1 2.5\nnot registered: A-404\n',
  })
  expect(await reconcile(['--silent-hours', '0'])).toMatchObject({
    code: 0,
    stdout: 'orders asked about: 2 (1 applied, 1 progress)\nreview: A-2 order_failed\n',
  })
  expect(await reconcile([])).toMatchObject({ code: 0, stdout: 'orders asked about: 0\n' })
  expect(await fixture.read('1')).toMatchObject({ status: 'canceled', refunded: 2.5, paid: 2.5 })
})

test('a provider that rejects the key ends it with 1, a wrong configuration with 2 and every problem', async () => {
  await fixture.place('1')
  const rejected = await reconcile(['A-1'], { PROVIDER_API_KEY: 'a wrong key' })
  expect(rejected).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^godofpanel: rejected \(HTTP 200\): .*\(Invalid API key\)$/m),
  })
  expect(rejected.stdout).toMatch(/^stopped by rejected; not asked about: A-1$/m)
  expect(rejected.stderr + rejected.stdout).not.toContain('a wrong key')

  const mistakes = { PROVIDER_API_URL: '', DATABASE_URL: 'mysql://x' }
  const wrong = await reconcile(['--silent-hours', 'soon'], mistakes, DOCUMENTED)
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/DATABASE_URL: must be[^]*PROVIDER_API_URL: is required[^]*--silent-hours must be/)
})
