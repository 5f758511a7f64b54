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
import { ALL_SCOPES } from '@paxyo/panel-client'
import { SECRET, startTestPanel, type TestPanel } from './workers/outgoing-webhooks/test-panel.ts'

// Runs the commands of the panel API's reference in order; only the address is replaced.

const REFERENCE = readFileSync(new URL('../../../infra/docs/reference/panel-api.md', import.meta.url), 'utf8')
const run = promisify(execFile)

/** Each command with its documented response, if there is one. */
const examples = [...REFERENCE.matchAll(/^```sh\n([^]*?)^```$(?:\n\n```json\n([^]*?)^```$)?/gm)].map(
  ([, command, response]) => ({ command: command!, response }),
)

let database: TestDatabase
let ingest: ServiceProcess
let panel: TestPanel
/** Environment variables of the commands; ids come from earlier responses. */
const variables: Record<string, string> = { WEBHOOK_TOKEN: 'a-webhook-token' }
beforeAll(async () => {
  database = await createTestDatabase()
  panel = await startTestPanel()
  variables['PANEL_KEY'] = (await createApiKey(createKysely(database.owner), 'README', { scopes: ALL_SCOPES }))!.key
  ingest = await startService('webhook-ingest', {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
    WEBHOOK_TOKENS: variables['WEBHOOK_TOKEN']!,
    OUTGOING_WEBHOOK_URL: panel.url,
    OUTGOING_WEBHOOK_SECRET: SECRET,
  })
  // The link to the gateways is ready a moment after the process, which serves without it.
  const headers = { authorization: `Bearer ${variables['PANEL_KEY']}` }
  await eventually(async () => (await fetch(`${ingest.url}/v1/connections`, { headers })).ok)
})
afterAll(async () => {
  await ingest.end('SIGTERM')
  await panel[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function responseTo(command: string): Promise<unknown> {
  const localized = command.replaceAll('http://localhost:8081', ingest.url)
  const { stdout } = await run('sh', ['-ec', localized], { env: { ...process.env, ...variables } })
  const response = JSON.parse(stdout) as JsonResponse
  recordIds(response)
  return response
}

interface JsonResponse {
  readonly cursor?: string
  readonly changesCursor?: string
  readonly operator?: { readonly operatorId: string }
  readonly data?: readonly Record<string, unknown>[]
}

function recordIds({ cursor, changesCursor, operator, data = [] }: JsonResponse): void {
  if (operator !== undefined) variables['OPERATOR_ID'] = operator.operatorId
  if (cursor !== undefined) variables['CURSOR'] = cursor
  if (changesCursor !== undefined) variables['CHANGES_CURSOR'] = changesCursor
  const names = {
    webhookId: 'WEBHOOK_ID',
    endpointId: 'ENDPOINT_ID',
    refundId: 'REFUND_ID',
    reviewId: 'REVIEW_ID',
    deliveryId: 'DELIVERY_ID',
    requestId: 'REQUEST_ID',
  }
  for (const [member, name] of Object.entries(names)) {
    const id = data[0]?.[member]
    if (typeof id === 'string') variables[name] = id
  }
}

/** Parses JSON in which an ellipsis means any text. */
const withAnyText = (json: string, anyText: unknown): unknown =>
  JSON.parse(json, (_name, value: unknown) => (value === '…' ? anyText : value))

test('every command returns what the reference says, and none is rejected', async () => {
  const responses = []
  for (const { command } of examples) {
    // The process sends the webhooks a moment after the changes.
    if (command.includes('outgoing-webhooks')) await eventually(() => panel.received.length >= 3)
    responses.push(await responseTo(command))
  }

  expect(responses).toHaveLength(54)
  const noError: unknown = expect.not.objectContaining({ code: expect.anything() })
  const anyText: unknown = expect.any(String)
  expect(responses).toEqual(
    examples.map(({ response }) => (response === undefined ? noError : withAnyText(response, anyText))),
  )
  expect(responses).toContainEqual(expect.objectContaining({ order: expect.objectContaining({ orderId: 'A-1' }) }))
})

test('the process notes that its key was used, and logs it nowhere', async () => {
  await ingest.end('SIGTERM')
  const { rows } = await database.owner.query('SELECT last_used_at FROM api_keys')

  expect(rows).toEqual([{ last_used_at: expect.any(Date) }])
  expect(ingest.output()).toContain('order registration')
  expect(ingest.output()).not.toContain(variables['PANEL_KEY']!.slice(-43))
})
