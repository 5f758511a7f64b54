import { endpointIdSchema, rotatedSecretSchema, rotateSecretSchema } from '@paxyo/panel-client'
import { z } from 'zod'
import { ENVIRONMENT_ENDPOINT } from '../../workers/outgoing-webhooks/endpoints.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { commitOnce, idempotencyHeaders, idempotentRequest } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import { reject, sendResponse } from '../kit/response.ts'
import { makeSecret, readEndpoint } from './endpoint-rows.ts'
import type { OutgoingWebhookDeps } from './outgoing-webhook-routes.ts'

// The newest is first. With two secrets either may be the receiver's, so a third one must not push one out.
const UPDATES = {
  add: `
    UPDATE outgoing_webhook_endpoints SET secrets = ARRAY[$2] || secrets
    WHERE endpoint_id = $1 AND cardinality(secrets) = 1`,
  replace: `
    UPDATE outgoing_webhook_endpoints SET secrets = ARRAY[$2] || secrets[cardinality(secrets):]
    WHERE endpoint_id = $1`,
  retire: 'UPDATE outgoing_webhook_endpoints SET secrets = secrets[1:1] WHERE endpoint_id = $1',
}

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
      description:
        'First `add` a secret and configure the receiver with it; then `retire` the older one. `replace` the newer one if it was lost.',
      responses: { 200: { description: 'The endpoint, and the new secret.', schema: rotatedSecretSchema } },
      errors: [
        'webhook_endpoint_not_found',
        'endpoint_of_environment',
        'secret_rotation_pending',
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
    const { step } = request.body
    const response = await commitOnce(deps, idempotentRequest(request), async ({ client }) => {
      const secret = step === 'retire' ? null : makeSecret()
      const { rowCount } = await client.query(UPDATES[step], secret === null ? [endpointId] : [endpointId, secret])
      if (rowCount === 0) return step === 'add' ? 'secret_rotation_pending' : 'webhook_endpoint_not_found'
      const endpoint = { ...before, secretCount: secret === null ? 1 : 2 }
      return { status: 200, body: { endpoint, secret } }
    })
    deps.log.info({ endpointId, step }, 'outgoing webhook secret rotated')
    deps.onEndpointsChanged()
    return sendResponse(reply, response)
  })
}
