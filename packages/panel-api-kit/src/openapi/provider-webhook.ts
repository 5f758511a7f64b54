import { DELIVERY_OUTCOMES, ERROR_CODES, type ErrorCode } from '@paxyo/contracts'
import type { OpenAPIV3_1 } from 'openapi-types'

const DESCRIPTION = `Enter this address at the provider. The body is JSON, a form or multipart fields, under any content type, at
most 64 KiB. It is one update, a list of updates, \`{"orders": [...]}\`, or an object of updates by their \`order_id\`. Names are read
without regard to case.

A response with 200 means that the updates are committed. After a 503 the provider must send the webhook again; an update that
arrives twice is applied once. An authenticated request that cannot be read is kept, and can be replayed.

Three ways authenticate the provider: the token in the path, the same token in \`X-Webhook-Token\` or as \`Authorization: Bearer\`,
or the signature of [Standard Webhooks](https://www.standardwebhooks.com) in \`webhook-id\`, \`webhook-timestamp\` and
\`webhook-signature\`. With one of the last two, leave the token out of the path.`

const ERRORS: readonly ErrorCode[] = [
  'malformed_json',
  'validation_failed',
  'unauthorized',
  'method_not_allowed',
  'headers_too_large',
  'body_too_large',
  'unsupported_media_type',
  'authentication_throttled',
  'internal_error',
  'database_unavailable',
  'queue_full',
]

const MONEY = { type: 'string', description: 'A decimal number.' } as const

const UPDATE: OpenAPIV3_1.SchemaObject = {
  type: 'object',
  required: ['order_id', 'status'],
  properties: {
    order_id: { type: ['string', 'integer'], description: "The provider's id of the order." },
    status: { type: 'string', description: "The provider's word for it, such as `In progress` or `Partial`." },
    remains: { type: ['integer', 'string'], description: 'How many were not delivered; needed for `Partial`.' },
    start_count: { type: ['integer', 'string', 'null'] },
  },
}

const RESULT: OpenAPIV3_1.SchemaObject = {
  type: 'object',
  required: ['orderId', 'outcome'],
  properties: {
    orderId: { type: ['string', 'null'], description: "The provider's id of the order." },
    outcome: {
      type: 'string',
      enum: Object.keys(DELIVERY_OUTCOMES),
      description: Object.entries(DELIVERY_OUTCOMES)
        .map(([outcome, meaning]) => `\`${outcome}\`: ${meaning}`)
        .join(' '),
    },
    reason: { type: 'string', description: 'Why a person must decide.' },
    refund: { ...MONEY, description: 'What was refunded with this update.' },
  },
}

/** The path that providers call, for the OpenAPI document. */
export const PROVIDER_WEBHOOK_PATHS: Readonly<Record<string, { readonly post: OpenAPIV3_1.OperationObject }>> = {
  '/webhooks/{provider}/{token}': {
    post: {
      operationId: 'receiveProviderWebhook',
      tags: ['Provider webhook'],
      summary: 'Receive updates of orders from a provider',
      description: DESCRIPTION,
      security: [],
      parameters: [
        { name: 'provider', in: 'path', required: true, schema: { type: 'string' }, example: 'godofpanel' },
        {
          name: 'token',
          in: 'path',
          required: true,
          schema: { type: 'string' },
          description: 'One of `WEBHOOK_TOKENS`.',
        },
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: UPDATE, example: { order_id: '12368', status: 'Partial', remains: 300 } },
          'application/x-www-form-urlencoded': { schema: UPDATE },
        },
      },
      responses: {
        200: {
          description: 'The updates are committed.',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['results'],
                properties: { results: { type: 'array', items: RESULT, description: 'One for each update.' } },
              },
              example: { results: [{ orderId: '12368', outcome: 'applied', refund: '0.75' }] },
            },
          },
        },
        ...errorResponses(),
      },
    },
  },
}

function errorResponses(): OpenAPIV3_1.ResponsesObject {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  const byStatus = Map.groupBy(ERRORS, (code) => ERROR_CODES[code].status)
  const responses = [...byStatus].map(([status, codes]): [string, OpenAPIV3_1.ResponseObject] => {
    const description = codes.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}`).join(' ')
    return [String(status), { description, content }]
  })
  return Object.fromEntries(responses)
}
