import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createMetrics } from '@paxyo/service-kit'
import { eventually } from '@paxyo/testkit'
import { gzipSync } from 'node:zlib'
import { startIngest, TOKEN, type IngestFixture } from '../ingest-fixture.ts'

let ingest: IngestFixture
beforeEach(async () => {
  ingest = await startIngest()
  await ingest.register()
})
afterEach(async () => {
  await ingest[Symbol.asyncDispose]()
})

const send = (payload: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  ingest.app.inject({ method: 'POST', url: `/webhooks/godofpanel/${TOKEN}`, headers, payload })

const list = async (query = ''): Promise<Record<string, unknown>[]> =>
  (await ingest.call('GET', `/v1/rejected-requests${query}`)).json().data

/** As if it had been kept by a version that could not read it. */
async function keepReadable(body: string | Buffer, headers: { type: string; encoding?: string }): Promise<string> {
  const { rows } = await ingest.database.owner.query<{ request_id: string }>(
    `INSERT INTO rejected_requests
      (request_id, provider, digest, received_at, last_received_at, reason, content_type, content_encoding, address, body)
     VALUES (gen_random_uuid(), 'godofpanel', sha256($1), now(), now(), 'malformed_json', $2, $3, '203.0.113.7', $1)
     RETURNING request_id`,
    [Buffer.from(body), headers.type, headers.encoding ?? null],
  )
  return rows[0]!.request_id
}

test('is kept with its body, once however often it is sent, and said in the response and the log', async () => {
  const first = await send('<html>502</html>')
  await send('<html>502</html>')
  await send(Buffer.from('\xff\xfe', 'latin1'))

  const [binary, page] = await list()
  expect(page).toMatchObject({ provider: 'godofpanel', reason: 'malformed_json', count: 2, bodyBytes: 16 })
  expect(first.json().detail).toContain(page!['requestId'])
  expect(ingest.log.find(({ msg }) => msg === 'webhook rejected')).toMatchObject({ requestId: page!['requestId'] })
  const read = async (request: Record<string, unknown>) =>
    (await ingest.call('GET', `/v1/rejected-requests/${String(request['requestId'])}`)).json()
  expect(await read(page!)).toMatchObject({ body: '<html>502</html>', bodyFormat: 'text' })
  expect(await read(binary!)).toMatchObject({ body: '//4=', bodyFormat: 'base64' })
})

test('of a sender that is not authenticated nothing is kept', async () => {
  await ingest.app.inject({ method: 'POST', url: '/webhooks/godofpanel/wrong', payload: '<html>' })
  expect(await list()).toEqual([])
})

test('a body that is too large is kept without it, also when only its decompression is too large', async () => {
  expect((await send('x'.repeat(70_000))).json()).toMatchObject({ status: 413, code: 'body_too_large' })
  const bomb = gzipSync(Buffer.alloc(10_000_000))
  const response = await send(bomb, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
  expect(response.json()).toMatchObject({ status: 413, code: 'body_too_large' })
  expect((await list()).map(({ bodyBytes }) => bodyBytes)).toEqual([bomb.length, null])
})

test('a body that is not encoded as it says', async () => {
  const response = await send('{}', { 'content-encoding': 'gzip' })
  expect(response.json()).toMatchObject({ status: 400, code: 'malformed_encoding' })
})

test('a replay pays what the webhook would have paid, once', async () => {
  const requestId = await keepReadable(gzipSync('{"order":"12345","status":"Canceled"}'), {
    type: 'text/plain',
    encoding: 'gzip',
  })
  const replay = () => ingest.call('POST', `/v1/rejected-requests/${requestId}/replay`)
  expect((await replay()).json()).toEqual({
    requestId,
    error: null,
    detail: null,
    updates: [
      { deliveryId: expect.any(String), providerOrderId: '12345', outcome: 'applied', reason: null, refund: '2.5' },
    ],
  })
  expect((await replay()).json().updates).toMatchObject([{ outcome: 'duplicate', refund: null }])
  expect(await list()).toEqual([])
  expect(await list('?state=replayed')).toMatchObject([{ requestId, replayedAt: expect.any(String) }])
})

test('all are replayed, the oldest first; those that still cannot be read stay', async () => {
  await send('<html>')
  await keepReadable('{"order":"12345","status":"In progress","remains":"400"}', { type: 'text/plain' })
  await keepReadable('{"order":"12345","status":"Partial","remains":"300"}', { type: 'text/plain' })
  const { data, nextCursor } = (await ingest.call('POST', '/v1/rejected-requests/replay', {})).json()
  expect(nextCursor).toBeNull()
  expect(data.map(({ error }: { error: unknown }) => error).toSorted()).toEqual(['malformed_json', null, null])
  expect(await list()).toMatchObject([{ reason: 'malformed_json' }])
  const { order } = (await ingest.call('GET', '/v1/orders/A-1')).json()
  expect(order).toMatchObject({ status: 'partial', refunded: '0.75' })
})

test.each([
  ['and later webhooks reported another status', '-1 minute', 'stale', 'failed'],
  ['and it was sent again after the later webhooks', '1 minute', 'applied', 'in_progress'],
])('a replay of a request that came earlier, %s', async (_what, lastReceived, outcome, status) => {
  const requestId = await keepReadable('{"order":"12345","status":"In progress"}', { type: 'text/plain' })
  expect((await send('{"order":"12345","status":"Failed"}')).statusCode).toBe(200)
  await ingest.database.owner.query(
    `UPDATE rejected_requests SET received_at = now() - interval '1 minute', last_received_at = now() + $1::interval`,
    [lastReceived],
  )
  const replayed = (await ingest.call('POST', `/v1/rejected-requests/${requestId}/replay`)).json()
  expect(replayed.updates).toMatchObject([{ outcome }])
  expect((await ingest.call('GET', '/v1/orders/A-1')).json().order).toMatchObject({ status })
})

test('a page goes on where the one before ended', async () => {
  for (const body of ['<a>', '<b>', '<c>']) await send(body)
  const page = async (cursor?: string) =>
    (await ingest.call('POST', '/v1/rejected-requests/replay', { limit: 2, ...(cursor && { cursor }) })).json()
  const first = await page()
  const second = await page(first.nextCursor)
  expect([first.data.length, second.data.length, second.nextCursor]).toEqual([2, 1, null])
})

test('no request of this id', async () => {
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/replay'],
  ] as const) {
    const response = await ingest.call(method, `/v1/rejected-requests/00000000-0000-7000-8000-000000000000${path}`)
    expect(response.json()).toMatchObject({ status: 404, code: 'rejected_request_not_found' })
  }
})

const KEPT_MAX = 10_000

/** More than the maximum, as if they had been kept before. */
const fill = (count: number): Promise<unknown> =>
  ingest.database.owner.query(
    `INSERT INTO rejected_requests (request_id, provider, digest, received_at, last_received_at, reason, address, body)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'godofpanel', sha256(n::text::bytea), now(), now(),
      'malformed_json', '203.0.113.7', '<'
    FROM generate_series(1, $1::int) AS n`,
    [count],
  )

async function countKept(): Promise<{ count: number; oldest: string }> {
  const { rows } = await ingest.database.owner.query<{ count: number; oldest: string }>(
    'SELECT count(*)::int, min(request_id::text) AS oldest FROM rejected_requests',
  )
  return rows[0]!
}

/** They are counted once a second. */
const whenTrimmed = (): Promise<unknown> =>
  eventually(async () => {
    await send('<html>')
    return (await countKept()).count === KEPT_MAX
  })

test('of each provider the newest ten thousand are kept, and a deletion before the replay is logged and counted', async () => {
  const registry = createMetrics('test')
  ingest.ingest.addMetrics(registry)
  await fill(KEPT_MAX + 1)
  await ingest.database.owner.query(
    `UPDATE rejected_requests SET replayed_at = now() WHERE request_id = '00000000-0000-7000-8000-000000000001'`,
  )
  await whenTrimmed()
  expect(await countKept()).toMatchObject({ oldest: '00000000-0000-7000-8000-000000000003' })
  expect(ingest.log).toContainEqual(expect.objectContaining({ provider: 'godofpanel', deleted: 1 }))
  const counted = await registry.getSingleMetric('paxyo_ingest_rejected_requests_deleted_total')!.get()
  expect(counted.values).toMatchObject([{ value: 1 }])
})

test('beyond the maximum no request waits for another one, which could be a deadlock', async () => {
  await fill(KEPT_MAX + 500)
  const other = await ingest.database.owner.connect()
  try {
    // Such as another process that deletes the oldest.
    await other.query(
      `BEGIN; SELECT FROM rejected_requests WHERE request_id = '00000000-0000-7000-8000-000000000007' FOR UPDATE`,
    )
    const responses = await Promise.all(Array.from({ length: 50 }, (_, number) => send(`<html>${number}`)))
    expect(new Set(responses.map(({ statusCode }) => statusCode))).toEqual(new Set([400]))
  } finally {
    await other.query('ROLLBACK')
    other.release()
  }
  await whenTrimmed()
})
