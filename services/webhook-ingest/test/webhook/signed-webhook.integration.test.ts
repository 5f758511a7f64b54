import { expect, test } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import { parseSecret } from '../../src/webhook/standard-webhooks.ts'
import { startIngest } from '../ingest-fixture.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

test('a signed message that is sent again is a duplicate; another message under its id is not lost', async () => {
  await using ingest = await startIngest({ signatureKeys: [parseSecret(SECRET)!] })
  await ingest.register()
  const send = async (body: string) => {
    const at = new Date()
    const headers = {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(SECRET).sign('msg_1', at, body),
    }
    const response = await ingest.app.inject({ method: 'POST', url: '/webhooks/godofpanel', headers, payload: body })
    return response.json().results[0].outcome
  }

  expect(await send('{"order_id":"12345","status":"In progress"}')).toBe('applied')
  expect(await send('{"order_id":"12345","status":"In progress"}')).toBe('duplicate')
  expect(await send('{"order_id":"12345","status":"Canceled"}')).toBe('applied')
  const { rows } = await ingest.database.owner.query('SELECT outcome FROM deliveries ORDER BY received_at')
  expect(rows).toEqual([{ outcome: 'applied' }, { outcome: 'applied' }])
})
