import { timestampSchema, WEBHOOK_TYPES } from '@paxyo/contracts'
import { z } from 'zod'

const URL_CHARS_MAX = 2048
const CA_CHARS_MAX = 32_768

const fields = {
  url: z
    .string()
    .max(URL_CHARS_MAX)
    .describe('Begins with `https://`, or `http://` for an address of this machine; resolves to an allowed address.'),
  types: z
    .array(z.enum(WEBHOOK_TYPES))
    .min(1)
    .max(WEBHOOK_TYPES.length)
    .describe('Which webhooks it gets; order.updated, refund.paid, account.updated and review.opened by default.'),
  isEnabled: z
    .boolean()
    .describe('A disabled endpoint gets nothing; when it is enabled again, it gets what it missed.'),
  ca: z
    .string()
    .max(CA_CHARS_MAX)
    .nullable()
    .describe('The certificate authority of the receiver, PEM; that of the system by default.'),
  isInsecure: z.boolean().describe('Accepts any certificate; for an address of this machine only.'),
}

/** Where outgoing webhooks are sent. */
export const webhookEndpointSchema = z.object({
  endpointId: z.string().describe('`environment` for the endpoint that the environment configures.'),
  ...fields,
  secretCount: z.int().nonnegative().describe('Two while its secret is rotated; each of them signs.'),
  waiting: z.int().nonnegative().describe('Webhooks that wait to be sent or retried, at most 10000.'),
  createdAt: timestampSchema,
})
z.globalRegistry.add(webhookEndpointSchema, { id: 'WebhookEndpoint' })

/** The result of a `ping`: a signed webhook without an effect. */
export const pingSchema = z.object({
  isDelivered: z.boolean(),
  status: z.int().nullable().describe("The HTTP status of the receiver's response."),
  error: z.string().nullable(),
})

/** The body of `POST /v1/outgoing-webhooks/endpoints`. */
export const createEndpointSchema = z.strictObject({
  url: fields.url,
  types: fields.types.optional(),
  isEnabled: fields.isEnabled.optional(),
  ca: fields.ca.optional(),
  isInsecure: fields.isInsecure.optional(),
})

export const createdEndpointSchema = z.object({
  endpoint: webhookEndpointSchema,
  secret: z.string().describe('Shown once. It verifies the signature of every webhook.'),
})

/** The body of `PATCH /v1/outgoing-webhooks/endpoints/{endpointId}`. */
export const changeEndpointSchema = createEndpointSchema.partial()

/** The body of `POST /v1/outgoing-webhooks/endpoints/{endpointId}/secret`. */
export const rotateSecretSchema = z.strictObject({
  step: z
    .enum(['add', 'retire', 'replace'])
    .describe(
      '`add` creates a secret that signs in addition to the current one, `retire` removes the older one. With two secrets, ' +
        '`add` is rejected: `replace` exchanges the newer one, which the receiver must not use yet.',
    ),
})

export const rotatedSecretSchema = z.object({
  endpoint: webhookEndpointSchema,
  secret: z.string().nullable().describe('The new secret, shown once; null for `retire`.'),
})

export const endpointListSchema = z.object({ data: z.array(webhookEndpointSchema) })
export const deletedEndpointSchema = z.object({ endpointId: z.string() })

export type WebhookEndpoint = z.infer<typeof webhookEndpointSchema>
export type CreateEndpoint = z.input<typeof createEndpointSchema>
export type CreatedEndpoint = z.infer<typeof createdEndpointSchema>
export type ChangeEndpoint = z.input<typeof changeEndpointSchema>
export type RotatedSecret = z.infer<typeof rotatedSecretSchema>
export type EndpointList = z.infer<typeof endpointListSchema>
export type PingResult = z.infer<typeof pingSchema>
