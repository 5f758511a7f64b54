import { expect, test } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import { signMessage } from '../../../src/workers/outgoing-webhooks/sign-message.ts'
import { parseSecret } from '../../../src/webhook/standard-webhooks.ts'

const SECRETS = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`)
const BODY = '{"type":"refund.paid","link":"https://example.com/ü"}'

test("the specification's own library takes it, with any of the secrets", () => {
  const headers = signMessage(
    'refund-1',
    BODY,
    SECRETS.map((secret) => parseSecret(secret)!),
    Date.now(),
  )

  for (const secret of SECRETS) expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY))
  expect(() => new Webhook(SECRETS[0]!).verify(BODY.replace('ü', 'u'), headers)).toThrow('No matching signature')
  expect(() => new Webhook(SECRETS[0]!).verify(BODY, { ...headers, 'webhook-id': 'refund-2' })).toThrow(
    'No matching signature',
  )
})
