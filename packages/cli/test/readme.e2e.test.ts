import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import {
  bundleProgram,
  createTestDatabase,
  eventually,
  hostEnvironment,
  type ServiceProcess,
  sharedRedisUrl,
  SHORT_LIVED,
  startService,
  TEST_JWT_SECRET,
  type TestDatabase,
} from '@paxyo/testkit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportPhpPanel, ORDERS_MAP, USERS_MAP } from './import/php-panel.ts'

// Runs every command of the README and of the migration guide, unchanged and in order, on one system.
jest.setTimeout(300_000)

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const README = readFileSync(join(ROOT, 'packages/cli/README.md'), 'utf8')
const GUIDE = readFileSync(join(ROOT, 'infra/docs/migrating-from-php.md'), 'utf8')

/** The lines of the sh blocks, without comments. */
const commandsOf = (text: string): string[] =>
  [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block]) =>
    block!
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +#.*/, '')),
  )
const mapOf = (name: string): unknown =>
  JSON.parse(new RegExp(`^\`\`\`json ${name}\\n([^]*?)^\`\`\`$`, 'm').exec(GUIDE)![1]!)

// That `npx paxyo` finds it is what command-line.e2e.test.ts shows.
const MAIN = await bundleProgram(join(ROOT, 'packages/cli/src/main.ts'))
const PAXYO = `"${process.execPath}" ${SHORT_LIVED.join(' ')} "${MAIN}"`
const API_KEY = 'an-api-key-of-the-environment'

let dir: string
let database: TestDatabase
let env: Record<string, string | undefined>
let ingest: ServiceProcess
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-cli-readme-'))
  database = await createTestDatabase()
  env = {
    ...hostEnvironment(),
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
    SECRETS_DIR: join(dir, 'secrets'),
    ARCHIVE_DIR: join(dir, 'archive'),
    METRICS_PORT: '0',
  }
  mkdirSync(join(dir, 'archive'))
  ingest = await startService('webhook-ingest', { ...env, WEBHOOK_TOKENS: 'a-webhook-token', PANEL_API_KEYS: API_KEY })
  await exportPhpPanel(dir, { users: 10, orders: 50 })
  writeFileSync(join(dir, 'users-map.json'), JSON.stringify(mapOf('users-map.json')))
  writeFileSync(join(dir, 'orders-map.json'), JSON.stringify(mapOf('orders-map.json')))
  await database.owner.query(`INSERT INTO accounts (user_id, currency) VALUES ('x', 'USD'), ('erin', 'USD')`)
  await database.owner.query(
    `INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
     VALUES ('12345', 'godofpanel', '777', 'x', '', '', 1, 1)`,
  )
})
afterAll(async () => {
  await ingest.end('SIGKILL')
  await database[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

/** The commands that call the panel API of a running service. */
const CALLS_API = / paxyo (?:who|users|search|summary|test-webhook)\b/

/** What a command prints that runs until a signal. */
const UNTIL_SIGNAL: readonly (readonly [RegExp, string])[] = [
  [/ tail/, 'following'],
  [/ exporter/, 'listening'],
]

async function runCommand(command: string): Promise<{ code: number | null; output: string }> {
  const api = CALLS_API.test(command) ? { PAXYO_URL: ingest.url, PAXYO_API_KEY: API_KEY } : {}
  const child = spawn('sh', ['-c', `exec ${command.replace('npx paxyo', PAXYO)}`], {
    cwd: dir,
    env: { ...env, ...api },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const closed = once(child, 'close')
  const [, started] = UNTIL_SIGNAL.find(([pattern]) => pattern.test(command)) ?? []
  if (started !== undefined) {
    await eventually(() => output.includes(started))
    child.kill('SIGINT')
  }
  const [code] = (await closed) as [number | null]
  return { code, output }
}

test('the maps of the guide are those that the whole panel is moved with', () => {
  expect(mapOf('users-map.json')).toEqual(USERS_MAP)
  expect(mapOf('orders-map.json')).toEqual(ORDERS_MAP)
})

test('every command does what it says', async () => {
  const commands = [...commandsOf(README), ...commandsOf(GUIDE)]
  expect(commands.length).toBeGreaterThan(15)
  expect(commands.filter((command) => !command.startsWith('npx paxyo '))).toEqual([])
  const failed: string[] = []
  for (const command of commands) {
    const { code, output } = await runCommand(command)
    // The tests' PostgreSQL runs without fsync and full_page_writes, which the doctor reports.
    const isFine = command.endsWith(' doctor')
      ? !/failed +(?!fsync|full_page_writes)[a-z]/.test(output.replace(/\d+ failed,.*/, ''))
      : code === 0
    if (!isFine) failed.push(`${command}: ${code}\n${output}`)
  }
  expect(failed).toEqual([])
})
