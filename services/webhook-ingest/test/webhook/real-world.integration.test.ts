import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { startIngest, TOKEN, type IngestFixture } from '../ingest-fixture.ts'

/** A webhook that a provider was seen to send, and the expected result. */
interface RealWorldWebhook {
  readonly name: string
  readonly method?: 'GET'
  readonly query?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly gzip?: boolean
  readonly body?: string
  readonly sequence?: readonly string[]
  readonly expect: {
    readonly http?: number
    readonly allow?: string
    readonly detail?: string
    readonly outcome?: string
    readonly reason?: string
    readonly kept?: 'rejected'
    readonly status?: string
    readonly refunded?: string
    readonly openReviews?: number
    readonly count?: number
  }
}

const WEBHOOKS = JSON.parse(
  readFileSync(new URL('../data/real-world-webhooks.json', import.meta.url), 'utf8'),
) as RealWorldWebhook[]
const PROVIDER_ORDER_ID = '12345'

let ingest: IngestFixture
beforeEach(async () => {
  ingest = await startIngest()
  await ingest.register({ providerOrderId: PROVIDER_ORDER_ID })
})
afterEach(async () => {
  await ingest[Symbol.asyncDispose]()
})

function send(webhook: RealWorldWebhook, body: string | undefined) {
  const { method = 'POST', query, path = '/webhooks/godofpanel/TOKEN', headers = {}, gzip } = webhook
  const text = body?.replaceAll('ID', PROVIDER_ORDER_ID)
  const url = path.replace('TOKEN', TOKEN) + (query === undefined ? '' : `?${query}`)
  const payload = gzip === true ? gzipSync(text!) : text === undefined ? undefined : Buffer.from(text)
  return ingest.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
}

const readOrder = async (): Promise<{ status: string; refunded: string }> =>
  (await ingest.call('GET', '/v1/orders/A-1')).json().order

test.each(WEBHOOKS)('$name', async (webhook) => {
  const { expect: expected, sequence = [webhook.body] } = webhook
  const responses = []
  for (const body of sequence) responses.push(await send(webhook, body))
  const last = responses.at(-1)!

  expect(last.statusCode).toBe(expected.http ?? 200)
  if (expected.allow !== undefined) expect(last.headers['allow']).toBe(expected.allow)
  if (expected.outcome !== undefined) expect(last.json().results[0].outcome).toBe(expected.outcome)
  if (expected.reason !== undefined) expect(last.json().results[0].reason).toBe(expected.reason)
  if (expected.status !== undefined) expect(await readOrder()).toMatchObject({ status: expected.status })
  if (expected.refunded !== undefined) expect(await readOrder()).toMatchObject({ refunded: expected.refunded })
  const { rows: kept } = await ingest.database.owner.query('SELECT body FROM rejected_requests')
  expect(kept.map(({ body }) => String(body))).toEqual(expected.kept === 'rejected' ? [webhook.body] : [])
  if (expected.openReviews !== undefined) {
    const { data } = (await ingest.call('GET', '/v1/reviews?state=open')).json()
    expect(data).toHaveLength(expected.openReviews)
    if (expected.count !== undefined) expect(data).toMatchObject([{ count: expected.count }])
  }
})

test('a GET says that a provider must POST there, and an unknown encoding names its header', async () => {
  const get = await send(
    WEBHOOKS.find(({ method }) => method === 'GET')!,
    undefined,
  )
  expect(get.json().detail).toContain('must POST')
  const encoded = WEBHOOKS.find(({ expect: { http } }) => http === 415)!
  expect((await send(encoded, encoded.body)).json().detail).toContain('Content-Encoding')
})
