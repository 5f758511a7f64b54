import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { LightMyRequestResponse } from 'fastify'
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

/** The observable result of a webhook, under the names of the expectations. */
async function observe(response: LightMyRequestResponse): Promise<Record<string, unknown>> {
  const { rows: kept } = await ingest.database.owner.query<{ body: Buffer }>('SELECT body FROM rejected_requests')
  const { data: reviews } = (await ingest.call('GET', '/v1/reviews?state=open')).json()
  const { status, refunded } = await readOrder()
  return {
    http: response.statusCode,
    allow: response.headers['allow'],
    ...response.json().results?.[0],
    status,
    refunded,
    kept: kept.map(({ body }) => String(body)),
    openReviews: reviews.length,
    count: reviews[0]?.count,
  }
}

test.each(WEBHOOKS)('$name', async (webhook) => {
  const { expect: wanted, sequence = [webhook.body] } = webhook
  const responses = []
  for (const body of sequence) responses.push(await send(webhook, body))

  const { detail: _detail, ...expected } = wanted
  const kept = wanted.kept === 'rejected' ? [webhook.body] : []
  expect(await observe(responses.at(-1)!)).toMatchObject({ http: 200, ...expected, kept })
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
