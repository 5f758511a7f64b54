import { boundedText } from '@paxyo/contracts'
import { z } from 'zod'

const CREDENTIAL_ID_MAX = 1_400
const PART_LENGTH_MAX = 16_384

/** Base64url. */
const bytes = boundedText(PART_LENGTH_MAX, /^[\w-]+$/, 'must be base64url')
const credential = {
  id: boundedText(CREDENTIAL_ID_MAX, /^[\w-]+$/, 'must be base64url'),
  rawId: bytes,
  type: z.literal('public-key'),
  clientExtensionResults: z.looseObject({}),
  authenticatorAttachment: z.enum(['cross-platform', 'platform']).optional(),
}

/** What a browser returns after an authenticator has signed. */
export const assertionSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytes,
    authenticatorData: bytes,
    signature: bytes,
    userHandle: bytes.optional(),
  }),
})

/** What a browser returns after an authenticator has made a passkey. */
export const attestationSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: bytes,
    attestationObject: bytes,
    transports: z
      .array(boundedText(32, /^[\w-]+$/, 'must be the name of a transport'))
      .max(8)
      .optional(),
  }),
})
