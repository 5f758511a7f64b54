import { expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { parseSecret } from '@paxyo/standard-webhooks'
import { Webhook } from 'standardwebhooks'
import { startIngest, type IngestFixture } from '../ingest-fixture.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

async function send(ingest: IngestFixture, body: string, id = 'msg_1'): Promise<unknown> {
  const at = new Date()
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SECRET).sign(id, at, body),
  }
  const response = await ingest.app.inject({ method: 'POST', url: '/webhooks/godofpanel', headers, payload: body })
  return response.statusCode === 200 ? response.json().results[0].outcome : response.body
}

test('a signed message that is sent again is a duplicate; another message under its id is not lost', async () => {
  await using ingest = await startIngest({ signatureKeys: [parseSecret(SECRET)!] })
  await ingest.register()

  expect(await send(ingest, '{"order_id":"12345","status":"In progress"}')).toBe('applied')
  expect(await send(ingest, '{"order_id":"12345","status":"In progress"}')).toBe('duplicate')
  expect(await send(ingest, '{"order_id":"12345","status":"Canceled"}')).toBe('applied')
  const { rows } = await ingest.database.owner.query('SELECT outcome FROM deliveries ORDER BY received_at')
  expect(rows).toEqual([{ outcome: 'applied' }, { outcome: 'applied' }])
})

test.each([
  ['longer than an index can hold', randomBytes(3000).toString('base64')],
  ['longer than a path may be', 'x'.repeat(400)],
  ['of characters that no path has', 'msg\u0085\u00ad'],
])('a message whose id is %s is known again, listed and found', async (_what, id) => {
  await using ingest = await startIngest({ signatureKeys: [parseSecret(SECRET)!] })
  expect(await send(ingest, '{"order_id":"12345","status":"In progress"}', id)).toBe('parked')
  expect(await send(ingest, '{"order_id":"12345","status":"In progress"}', id)).toBe('duplicate')
  await send(ingest, '{"order_id":"12345","status":"Canceled"}', id)

  const first = (await ingest.call('GET', '/v1/deliveries?limit=1')).json()
  const second = (await ingest.call('GET', `/v1/deliveries?limit=1&cursor=${first.nextCursor}`)).json()
  for (const page of [first, second]) {
    const { deliveryId } = page.data[0]
    const found = await ingest.call('GET', `/v1/deliveries/${encodeURIComponent(deliveryId)}`)
    expect(found.json()).toMatchObject({ delivery: { deliveryId } })
  }
})
