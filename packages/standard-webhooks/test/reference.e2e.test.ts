import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseSecret, signWebhook, verifyWebhook, type SignatureHeaders } from '../src/index.ts'
import { npmReference, startPypiReference, type Reference } from './reference-libraries.ts'

let pypiReference: Reference & AsyncDisposable
beforeAll(() => {
  pypiReference = startPypiReference()
})
afterAll(async () => {
  await pypiReference?.[Symbol.asyncDispose]()
})

const secretOf = (bytes: number): string =>
  `whsec_${Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 37 + bytes) % 256)).toString('base64')}`

const ID = '8f2c1d3e-0b7a-4b57-9a0e-3f1f6e1f0c55'
const BODIES = [
  ['ASCII', '{"order_id":"23501","status":"Partial","remains":"300"}'],
  ['not ASCII', '{"link":"https://example.com/ü","note":"возврат ✓ 退款 🎉"}'],
  ['of several lines', '{\r\n\t"status": "canceled"\n}\n'],
  ['empty', ''],
] as const

describe.each([
  ['npm', () => npmReference],
  ['PyPI', () => pypiReference],
])('the reference library of %s', (_registry, library) => {
  describe.each([24, 25, 26, 32, 64])('with a secret of %i bytes', (bytes) => {
    const secret = secretOf(bytes)
    const key = parseSecret(secret)!
    const otherKey = parseSecret(secretOf(31))!

    test.each(BODIES)('signs a body that is %s, and it verifies here unless tampered with', async (_name, body) => {
      const nowMs = Date.now()
      const timestamp = Math.floor(nowMs / 1000)
      const headers = {
        'webhook-id': ID,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': await library().sign(secret, ID, timestamp, body),
      }
      expect(verifyWebhook({ headers, body: Buffer.from(body) }, [otherKey, key], nowMs)).toBe(ID)
      expect(verifyWebhook({ headers, body }, [otherKey], nowMs)).toBeUndefined()
      for (const tampered of tamperWith(headers, body)) {
        expect(verifyWebhook(tampered, [otherKey, key], nowMs)).toBeUndefined()
      }
    })

    test.each(BODIES)('verifies a body that is %s when signed here, unless tampered with', async (_name, body) => {
      const headers = signWebhook({ id: ID, body }, [otherKey, key], Date.now())
      expect(await library().verify(secret, headers, body)).toBe(true)
      expect(await library().verify(secretOf(30), headers, body)).toBe(false)
      for (const tampered of tamperWith(headers, body)) {
        expect(await library().verify(secret, tampered.headers, tampered.body)).toBe(false)
      }
    })
  })
})

/** Each changes one thing. */
function tamperWith(headers: SignatureHeaders, body: string): { headers: SignatureHeaders; body: string }[] {
  const { 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  const withOtherFirstCharacter = signatures.replaceAll(/v1,(.)/g, (_all, first) => `v1,${first === 'A' ? 'B' : 'A'}`)
  return [
    { headers, body: `${body} ` },
    { headers, body: body === '' ? '{}' : body.slice(1) },
    { headers: { ...headers, 'webhook-id': `${ID}0` }, body },
    { headers: { ...headers, 'webhook-timestamp': String(Number(timestamp) - 1) }, body },
    { headers: { ...headers, 'webhook-signature': withOtherFirstCharacter }, body },
    { headers: { ...headers, 'webhook-signature': signatures.replaceAll('v1,', 'v2,') }, body },
  ]
}
