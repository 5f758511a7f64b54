import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { WEBHOOK_PROVIDER_SQL, WEBHOOK_SERVICE_SQL } from '@paxyo/database'
import { createTestDatabase, eventually, type TestDatabase } from '@paxyo/testkit'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { appendChanges } from '../../src/change-feed/append-changes.ts'
import type { FollowingEndpoint } from '../../src/outgoing-webhooks/enqueue-changes.ts'
import type { Attempt } from '../../src/outgoing-webhooks/send-queue.ts'
import { createOutgoingQueue, type OutgoingQueue } from '../../src/outgoing-webhooks/outgoing-queue.ts'
import { createWebhookEndpoints } from '../../src/outgoing-webhooks/webhook-endpoints.ts'
import { poolInTurns } from '../pool-in-turns.ts'

let database: TestDatabase
let pool: Pool
let queue: OutgoingQueue
beforeEach(async () => {
  database = await createTestDatabase()
  pool = database.poolAs('ingest', 4)
  queue = createOutgoingQueue({ pool, log: pino({ level: 'silent' }) })
  const url = 'https://panel.example/webhooks'
  await createWebhookEndpoints(pool).storeEnvironment({ url, types: ['account.updated'] })
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const query = async (text: string): Promise<Record<string, unknown>[]> => {
  const { rows } = await database.owner.query<Record<string, unknown>>(text)
  return rows
}
const fillQueue = (count: number): Promise<unknown> =>
  query(`
    INSERT INTO outgoing_webhooks (webhook_id, endpoint_id, type, subject, body, due_at)
    SELECT gen_random_uuid(), 'environment', 'order.updated', 'order ' || n, '{"n":' || n || '}', now()
    FROM generate_series(1, ${count}) AS n`)
const storedEndpoint = async (): Promise<FollowingEndpoint> => {
  const [endpoint] = await createWebhookEndpoints(pool).readEnabled()
  return { ...endpoint!, types: new Set(endpoint!.types) }
}

test('what somebody is claiming at this moment is passed over', async () => {
  await fillQueue(2)
  const other = await database.owner.connect()
  try {
    await other.query('BEGIN')
    await other.query(`
      UPDATE outgoing_webhooks SET attempts = 1, due_at = now() + interval '30 seconds'
      WHERE queue_number = (SELECT min(queue_number) FROM outgoing_webhooks)`)
    let isOver = false
    const claiming = queue.claimDue('environment', 10).finally(() => (isOver = true))
    await eventually(async () => isOver || (await isWaitingForLock()))
    await other.query('COMMIT')

    expect((await claiming).map(({ subject }) => subject)).toEqual(['order 2'])
  } finally {
    other.release()
  }
})

const isWaitingForLock = async (): Promise<boolean> => {
  const waiting = await query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return waiting.length > 0
}

const failed = (response: string): Attempt => ({
  delivered: false,
  status: 500,
  error: `status 500: ${response}`,
  response,
  durationMs: 40,
})

test('every attempt is kept with its webhook: the newest 50, also after a manual retry', async () => {
  await fillQueue(1)
  const attempt = async (result: Attempt): Promise<string> => {
    const [webhook] = await queue.claimDue('environment', 1)
    await queue.settle(webhook!, result, 0)
    return webhook!.webhookId
  }
  const webhookId = await attempt({
    delivered: false,
    status: null,
    error: 'ECONNREFUSED',
    response: null,
    durationMs: 2,
  })
  await attempt(failed('no'))
  await queue.retry(webhookId)
  await attempt({ delivered: true, status: 204, error: null, response: '', durationMs: 41 })
  const read = async () => (await queue.read(webhookId))!.attemptHistory!
  expect(await read()).toEqual([
    { at: expect.any(String), durationMs: 2, status: null, error: 'ECONNREFUSED', response: null },
    { at: expect.any(String), durationMs: 40, status: 500, error: null, response: 'no' },
    { at: expect.any(String), durationMs: 41, status: 204, error: null, response: '' },
  ])
  // The durations are invented: only the ends are in the order of the attempts.
  const ends = (await read()).map(({ at, durationMs }) => Date.parse(at) + durationMs)
  expect(ends).toEqual(ends.toSorted((a, b) => a - b))

  for (let count = 1; count <= 50; count += 1) {
    await queue.retry(webhookId)
    await attempt(failed(`number ${count}`))
  }
  const responses = (await read()).map(({ response }) => response)
  expect([responses.length, responses[0], responses.at(-1)]).toEqual([50, 'number 1', 'number 50'])
})

test('an attempt that came too late to say that it failed says nothing', async () => {
  await fillQueue(1)
  const [first] = await queue.claimDue('environment', 1)
  await query('UPDATE outgoing_webhooks SET due_at = now()')
  const [second] = await queue.claimDue('environment', 1)
  await queue.settle(first!, failed('late'), undefined)
  expect(await query('SELECT state, attempts, last_error FROM outgoing_webhooks')).toEqual([
    { state: 'pending', attempts: 2, last_error: null },
  ])
  // Any process may record a delivery, and a later failure does not undo it.
  await queue.settle(first!, { delivered: true, status: 200, error: null, response: '', durationMs: 3 }, undefined)
  await queue.settle(second!, failed('twice'), 5_000)
  expect(await query('SELECT state, last_status FROM outgoing_webhooks')).toEqual([
    { state: 'delivered', last_status: 200 },
  ])
})

/** Commits changes of an account, and appends them to the feed. */
async function commitChanges(...seqs: number[]): Promise<void> {
  await query(`
    INSERT INTO accounts (user_id, currency) VALUES ('ann', 'USD') ON CONFLICT DO NOTHING;
    INSERT INTO events SELECT 'ann', n, '2026-11-22T18:00:00Z', json_build_object('type', 'event', 'seq', n, 'event', 'account.updated',
      'at', '2026-11-22T18:00:00.000Z', 'account', json_build_object('balance', '1', 'currency', 'USD'))::text
    FROM unnest(ARRAY[${seqs.join()}]) AS n;
    INSERT INTO change_feed (created_at, user_ids, seqs, previous_statuses)
    SELECT '2026-11-22T18:00:00Z', array_agg('ann'::text), array_agg(n), array_agg(NULL::text) FROM unnest(ARRAY[${seqs.join()}]) AS n`)
  await appendChanges(pool)
}

async function enqueuedSeqs(): Promise<number[]> {
  const rows = await query('SELECT body FROM outgoing_webhooks ORDER BY queue_number')
  return rows.map(({ body }) => (JSON.parse(body as string) as { data: { seq: number } }).data.seq)
}

test('two processes that enqueue the same changes enqueue them once', async () => {
  await commitChanges(1, 2, 3, 4, 5)
  const endpoint = await storedEndpoint()
  await Promise.all(Array.from({ length: 4 }, () => queue.enqueueChanges(endpoint)))
  expect(await enqueuedSeqs()).toEqual([1, 2, 3, 4, 5])
})

test('a change that is committed after a type was added becomes a webhook, also where the types were read before', async () => {
  await query(`UPDATE outgoing_webhook_endpoints SET types = '{order.updated}'`)
  const readBefore = await storedEndpoint()
  await query(`UPDATE outgoing_webhook_endpoints SET types = '{account.updated, order.updated}'`)
  await commitChanges(1)
  await queue.enqueueChanges(readBefore)
  await queue.enqueueChanges(await storedEndpoint())
  expect(await enqueuedSeqs()).toEqual([1])
})

test('whichever connections lead to a former primary during a failover, no change is skipped', async () => {
  await commitChanges(1, 2)
  await queue.enqueueChanges(await storedEndpoint())
  await using former = await createTestDatabase(database)
  await commitChanges(3)
  await queue.enqueueChanges(await storedEndpoint())
  await commitChanges(4, 5)
  const ofFormer = former.poolAs('ingest')

  for (let turns = 0; turns < 8; turns += 1) {
    await query('DELETE FROM outgoing_webhooks; UPDATE outgoing_webhook_endpoints SET position = 3')
    const servers = poolInTurns([1, 2, 4].map((bit) => ((turns & bit) > 0 ? ofFormer : pool)))
    const during = createOutgoingQueue({ pool: servers, log: pino({ level: 'silent' }) })
    await during.enqueueChanges(await storedEndpoint())
    await queue.enqueueChanges(await storedEndpoint())
    expect([turns, await enqueuedSeqs()]).toEqual([turns, [4, 5]])
  }
})

test('a cursor that another process has moved since is left alone until the next run', async () => {
  const endpoint = await storedEndpoint()
  await query('UPDATE change_feed_head SET position = 10, deleted_position = 10')
  let skipped = 0
  queue = createOutgoingQueue({ pool, log: pino({ level: 'silent' }), onSkipped: () => (skipped += 1) })

  expect(await queue.enqueueChanges(endpoint)).toEqual({ position: 10, hasMore: true })
  expect(await queue.enqueueChanges(endpoint)).toEqual({ position: endpoint.position, hasMore: false })
  expect(skipped).toBe(1)
})

test('webhooks are found by the provider and the service of their order', async () => {
  await fillQueue(4)
  await query(`
    UPDATE outgoing_webhooks AS webhook
    SET type = given.type, body = jsonb_build_object('data', jsonb_build_object('order', given.its_order))::text
    FROM (VALUES
      ('order 1', 'order.updated', '{"provider": "godofpanel", "service": "Followers"}'::jsonb),
      ('order 2', 'refund.paid', '{"provider": "other", "service": "Followers"}'),
      ('order 3', 'refund.paid', '{"provider": "godofpanel", "service": "Likes"}'),
      ('order 4', 'review.opened', NULL)) AS given (subject, type, its_order)
    WHERE webhook.subject = given.subject`)
  const found = async (filter: object): Promise<string[]> =>
    (await queue.list({ before: undefined, limit: 10, ...filter })).map(({ subject }) => subject)
  expect(await found({ provider: 'godofpanel' })).toEqual(['order 3', 'order 1'])
  expect(await found({ provider: 'godofpanel', limit: 1 })).toEqual(['order 3'])
  expect(await found({ provider: 'godofpanel', type: 'refund.paid' })).toEqual(['order 3'])
  expect(await found({ provider: 'godofpanel', subject: 'order 1' })).toEqual(['order 1'])
  expect(await found({ service: 'Followers' })).toEqual(['order 2', 'order 1'])
  expect(await found({ provider: 'other', service: 'Likes' })).toEqual([])
})

test.each([
  [[WEBHOOK_PROVIDER_SQL], 'refund_webhooks_of_provider'],
  [[WEBHOOK_SERVICE_SQL], 'refund_webhooks_of_service'],
  [[WEBHOOK_PROVIDER_SQL, WEBHOOK_SERVICE_SQL], 'refund_webhooks_of_both'],
])(
  'refunds are filtered by %j with an index in their order, however many other webhooks there are',
  async (filters, index) => {
    const client = await database.owner.connect()
    await client.query(
      'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off',
    )
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT webhook_id FROM outgoing_webhooks
     WHERE ${filters.map((filter) => `${filter} = 'x'`).join(' AND ')} AND type = 'refund.paid'
     ORDER BY queue_number DESC LIMIT 50`,
    )
    await client.query('ROLLBACK')
    client.release()
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(`Index Scan Backward using ${index}`)
  },
)
