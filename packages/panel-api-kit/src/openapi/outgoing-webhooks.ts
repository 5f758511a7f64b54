import type { WebhookType } from '@paxyo/contracts'
import { webhookMessageSchemas } from '@paxyo/panel-client'
import type { OpenAPIV3_1 } from 'openapi-types'
import { z } from 'zod'

const TEXTS: Readonly<Record<WebhookType, string>> = {
  'order.registered': 'An order was registered; only for endpoints that name this type.',
  'order.updated': 'An order changed.',
  'refund.paid': 'Money was refunded.',
  'account.updated': "A user's account changed.",
  'review.opened': 'A person must decide.',
  'review.resolved': 'A person decided; only for endpoints that name this type.',
}

const DESCRIPTION = `Sent to each enabled endpoint whose types include it. Verify the signature first, as
[Standard Webhooks](https://www.standardwebhooks.com) defines it. Respond with 2xx within 10 seconds; any other response counts as
a failure and is retried for three days. Delivery is at least once: \`webhook-id\` is the same for every attempt. The webhooks of
one order, or of one account, arrive in the order of its changes.`

const header = (name: string, description: string): OpenAPIV3_1.ParameterObject => ({
  name,
  in: 'header',
  required: true,
  schema: { type: 'string' },
  description,
})

const HEADERS = [
  header('webhook-id', 'The same for every attempt.'),
  header('webhook-timestamp', 'Seconds since 1970; reject a webhook that is more than 5 minutes old.'),
  header('webhook-signature', 'One `v1,<base64>` for each secret of the endpoint.'),
]

/** What panels receive, as `webhooks` of the OpenAPI document. */
export function outgoingWebhooks(): Readonly<Record<string, { readonly post: OpenAPIV3_1.OperationObject }>> {
  const types = Object.keys(TEXTS) as WebhookType[]
  return Object.fromEntries(types.map((type) => [type, { post: toOperation(type) }]))
}

function toOperation(type: WebhookType): OpenAPIV3_1.OperationObject {
  return {
    operationId: `on${type.replace(/(?:^|\.)(\w)/g, (_match, letter: string) => letter.toUpperCase())}`,
    summary: type,
    description: `${TEXTS[type]} ${DESCRIPTION}`,
    security: [],
    parameters: HEADERS,
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(type) } } },
    responses: { '2XX': { description: 'The webhook was received.' } },
  }
}

/** Named schemas are components of the document. */
function schemaOf(type: WebhookType): OpenAPIV3_1.SchemaObject {
  const { $schema: _dialect, $defs: _components, ...schema } = z.toJSONSchema(webhookMessageSchemas[type])
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')
  return JSON.parse(text) as OpenAPIV3_1.SchemaObject
}
