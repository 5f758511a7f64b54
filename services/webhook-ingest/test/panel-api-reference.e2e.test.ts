import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  createTestDatabase,
  eventually,
  sharedRedisUrl,
  startService,
  TEST_JWT_SECRET,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { createKysely } from '@paxyo/database'
import { createApiKey } from '@paxyo/database'
import { SECRET, startTestPanel, type TestPanel } from './workers/outgoing-webhooks/test-panel.ts'

// Runs the commands of the panel API's reference in their order; only the address is replaced.

const REFERENCE = readFileSync(new URL('../../../infra/docs/reference/panel-api.md', import.meta.url), 'utf8')
const run = promisify(execFile)

/** Each command, with the response that follows it, if one does. */
const examples = [...REFERENCE.matchAll(/^```sh\n([^]*?)^```$(?:\n\n```json\n([^]*?)^```$)?/gm)].map(
  ([, command, answer]) => ({ command: command!, answer }),
)

let database: TestDatabase
let ingest: ServiceProcess
let panel: TestPanel
/** What the commands take from their environment; ids are those of the answers before. */
const variables: Record<string, string> = { WEBHOOK_TOKEN: 'a-webhook-token' }
beforeAll(async () => {
  database = await createTestDatabase()
  panel = await startTestPanel()
  variables['PANEL_KEY'] = (await createApiKey(createKysely(database.owner), 'README'))!.key
  ingest = await startService('webhook-ingest', {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
    WEBHOOK_TOKENS: variables['WEBHOOK_TOKEN']!,
    OUTGOING_WEBHOOK_URL: panel.url,
    OUTGOING_WEBHOOK_SECRET: SECRET,
  })
})
afterAll(async () => {
  await ingest.end('SIGTERM')
  await panel[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function answerTo(command: string): Promise<unknown> {
  const here = command.replaceAll('http://localhost:8081', ingest.url)
  const { stdout } = await run('sh', ['-ec', here], { env: { ...process.env, ...variables } })
  const answer = JSON.parse(stdout) as Answer
  noteIds(answer)
  return answer
}

interface Answer {
  readonly cursor?: string
  readonly data?: readonly Record<string, unknown>[]
}

function noteIds({ cursor, data = [] }: Answer): void {
  if (cursor !== undefined) variables['CURSOR'] = cursor
  const names = { refundId: 'REFUND_ID', reviewId: 'REVIEW_ID', deliveryId: 'DELIVERY_ID' }
  for (const [member, name] of Object.entries(names)) {
    const id = data[0]?.[member]
    if (typeof id === 'string') variables[name] = id
  }
}

/** An ellipsis stands for any text. */
const withAnyText = (json: string, anyText: unknown): unknown =>
  JSON.parse(json, (_name, value: unknown) => (value === '…' ? anyText : value))

test('every command answers what the reference says, and none is refused', async () => {
  const answers = []
  for (const { command } of examples) {
    // A webhook's row is made by whoever sends it, a moment after the refund.
    if (command.includes('$REFUND_ID')) await eventually(() => panel.received.length > 0)
    answers.push(await answerTo(command))
  }

  expect(answers).toHaveLength(23)
  const noError: unknown = expect.not.objectContaining({ code: expect.anything() })
  const anyText: unknown = expect.any(String)
  expect(answers).toEqual(examples.map(({ answer }) => (answer === undefined ? noError : withAnyText(answer, anyText))))
  expect(answers).toContainEqual(expect.objectContaining({ order: expect.objectContaining({ orderId: 'A-1' }) }))
})

test('the process notes that its key was used, and logs it nowhere', async () => {
  await ingest.end('SIGTERM')
  const { rows } = await database.owner.query('SELECT last_used_at FROM api_keys')

  expect(rows).toEqual([{ last_used_at: expect.any(Date) }])
  expect(ingest.output()).toContain('order registration')
  expect(ingest.output()).not.toContain(variables['PANEL_KEY']!.slice(-43))
})
