import { afterEach, describe, expect, test } from '@jest/globals'
import {
  startSimulator,
  WEBHOOK_MISTAKE_NAMES,
  WEBHOOK_MISTAKES,
  WEBHOOK_SHAPE_NAMES,
  writeMistake,
  type WebhookAuthentication,
  type Simulator,
} from '@paxyo/provider-simulator'
import { listen } from '@paxyo/service-kit'
import { parseSecret } from '@paxyo/standard-webhooks'
import { readFileSync } from 'node:fs'
import { startIngest, TOKEN, type IngestFixture } from '../ingest-fixture.ts'

interface Sample {
  readonly name: string
  readonly contentType: string
  readonly body: string
  readonly expect: readonly { readonly orderId: string; readonly status: string }[] | { readonly error: string }
}

const SAMPLES = JSON.parse(
  readFileSync(new URL('../../../../packages/godofpanel/test/data/samples.json', import.meta.url), 'utf8'),
) as Sample[]
const KEY = parseSecret(`whsec_${Buffer.alloc(32, 7).toString('base64')}`)!
const OTHER_KEY = parseSecret(`whsec_${Buffer.alloc(32, 8).toString('base64')}`)!

let ingest: IngestFixture
let simulator: Simulator
let webhookUrl: string
afterEach(async () => {
  await simulator.close()
  await ingest[Symbol.asyncDispose]()
})

const start = async (authentication: WebhookAuthentication = { kind: 'path', token: TOKEN }): Promise<void> => {
  ingest = await startIngest({ tokens: [TOKEN], signatureKeys: [KEY] })
  webhookUrl = `${await listen(ingest.app, { host: '127.0.0.1', port: 0 })}/webhooks/godofpanel`
  simulator = await startSimulator({ webhookUrl, authentication, retry: { attemptsMax: 1 } })
}

const place = async (orderId: string): Promise<void> => {
  simulator.restore({ orderId })
  await ingest.register({ orderId: `A-${orderId}`, providerOrderId: orderId })
}

const readOrder = async (orderId: string): Promise<unknown> => {
  const { rows } = await ingest.database.owner.query(
    'SELECT status, refunded::float8 FROM orders WHERE provider_order_id = $1',
    [orderId],
  )
  return rows[0]
}

test.each<WebhookAuthentication>([
  { kind: 'signature', keys: [KEY] },
  { kind: 'path', token: TOKEN },
  { kind: 'header', token: TOKEN },
  { kind: 'header', token: TOKEN, header: 'authorization' },
])('a webhook is authenticated by $kind $header', async (authentication) => {
  await start(authentication)
  await place('1')
  simulator.cancel('1')
  await simulator.idle()
  expect(simulator.deliveries.counts).toMatchObject({ acknowledged: 1, givenUp: 0 })
  expect(await readOrder('1')).toEqual({ status: 'canceled', refunded: 2.5 })
})

test('a wrong signature is not', async () => {
  await start({ kind: 'signature', keys: [OTHER_KEY] })
  await place('1')
  simulator.cancel('1')
  await simulator.idle()
  expect(simulator.deliveries.newest[0]!.attempts).toMatchObject([{ result: 401 }])
  expect(await readOrder('1')).toEqual({ status: 'pending', refunded: 0 })
})

test('every shape pays', async () => {
  await start()
  for (const [index, shape] of WEBHOOK_SHAPE_NAMES.entries()) {
    const orderId = `9007199254740993${index}`
    await place(orderId)
    await using one = await startSimulator({
      webhookUrl,
      authentication: { kind: 'path', token: TOKEN },
      shapes: [shape],
    })
    one.restore({ orderId })
    one.change(orderId, { status: 'partial', remains: 300 })
    await one.idle()
    expect([shape, await readOrder(orderId)]).toEqual([shape, { status: 'partial', refunded: 0.75 }])
  }
})

test('every mistake leads to what it says, and pays nothing', async () => {
  await start()
  const outcomes = { rejected: [], review: ['review'], ignored: ['ignored'], none: [] }
  for (const [index, name] of WEBHOOK_MISTAKE_NAMES.entries()) {
    const { leads, status } = WEBHOOK_MISTAKES[name]
    const orderId = String(500 + index)
    await place(orderId)
    await simulator.send(writeMistake(name, orderId, `mark${index}`))

    const delivery = simulator.deliveries.newest.at(-1)!
    const { rows: kept } = await ingest.database.owner.query(
      `SELECT FROM rejected_requests WHERE position($1::bytea IN body) > 0`,
      [Buffer.from(`mark${index}`)],
    )
    const { rows: deliveries } = await ingest.database.owner.query<{ outcome: string }>(
      'SELECT outcome FROM deliveries WHERE provider_order_id = $1',
      [orderId],
    )
    expect([name, delivery.attempts[0]!.result, kept.length, deliveries.map(({ outcome }) => outcome)]).toEqual([
      name,
      status,
      leads === 'rejected' ? 1 : 0,
      outcomes[leads],
    ])
    expect(await readOrder(orderId)).toEqual({ status: 'pending', refunded: 0 })
  }
})

describe('every sample that was seen in the wild is taken or refused as it must be', () => {
  test.each(SAMPLES)('$name', async ({ contentType, body, expect: expected }) => {
    await start()
    const orders = 'error' in expected ? [] : expected
    for (const { orderId } of orders) await place(orderId)
    await simulator.send({ contentType, body })

    const [delivery] = simulator.deliveries.newest
    expect(delivery!.attempts).toMatchObject([{ result: 'error' in expected ? 400 : 200 }])
    const isHeld = (status: string): boolean => status === 'unknown' || delivery!.response!.includes('remains_missing')
    for (const { orderId, status } of orders) {
      expect(await readOrder(orderId)).toMatchObject({ status: isHeld(status) ? 'pending' : status })
    }
  })
})
