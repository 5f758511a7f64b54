import { endpointIdSchema, rotatedSecretSchema, rotateSecretSchema } from '@paxyo/panel-client'
import { z } from 'zod'
import { ENVIRONMENT_ENDPOINT } from '../../workers/outgoing-webhooks/endpoints.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { commitOnce, idempotencyHeaders, idempotentRequest } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import { reject, sendResponse } from '../kit/response.ts'
import { makeSecret, readEndpoint } from './endpoint-rows.ts'
import type { OutgoingWebhookDeps } from './outgoing-webhook-routes.ts'

// The newest is first. `retire` keeps only that one.
const ADD = `
  UPDATE outgoing_webhook_endpoints SET secrets = ARRAY[$2] || secrets[1:1] WHERE endpoint_id = $1 RETURNING endpoint_id`
const RETIRE = `
  UPDATE outgoing_webhook_endpoints SET secrets = secrets[1:1] WHERE endpoint_id = $1 RETURNING endpoint_id`

/** `POST /v1/outgoing-webhooks/endpoints/{endpointId}/secret`: rotates the secret in two steps. */
export function registerRotateSecret(api: PanelApi, deps: ApiDeps & OutgoingWebhookDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: z.object({ endpointId: endpointIdSchema }),
    body: rotateSecretSchema,
    ...operation({
      operationId: 'rotateWebhookSecret',
      tag: 'Outgoing webhooks',
      summary: 'Rotate the secret of an endpoint',
      description: 'First `add` a secret and configure the receiver with it; then `retire` the older one.',
      responses: { 200: { description: 'The endpoint, and the new secret.', schema: rotatedSecretSchema } },
      errors: [
        'webhook_endpoint_not_found',
        'endpoint_of_environment',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/outgoing-webhooks/endpoints/:endpointId/secret', { schema }, async (request, reply) => {
    const { endpointId } = request.params
    if (endpointId === ENVIRONMENT_ENDPOINT) return reject(reply, 'endpoint_of_environment')
    const before = await readEndpoint(deps.db, endpointId)
    if (before === undefined) return reject(reply, 'webhook_endpoint_not_found')
    const isAdded = request.body.step === 'add'
    const response = await commitOnce(deps, idempotentRequest(request), async ({ client }) => {
      const secret = isAdded ? makeSecret() : null
      const { rowCount } = await client.query(isAdded ? ADD : RETIRE, isAdded ? [endpointId, secret] : [endpointId])
      if (rowCount === 0) return 'webhook_endpoint_not_found'
      const endpoint = { ...before, secretCount: isAdded ? 2 : 1 }
      return { status: 200, body: { endpoint, secret } }
    })
    deps.log.info({ endpointId, step: request.body.step }, 'outgoing webhook secret rotated')
    deps.onEndpointsChanged()
    return sendResponse(reply, response)
  })
}
