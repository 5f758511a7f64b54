import { ENVIRONMENT_ENDPOINT } from '@paxyo/ledger'
import { endpointIdSchema, rotatedSecretSchema, rotateSecretSchema } from '@paxyo/panel-client'
import { makeSecret } from '@paxyo/standard-webhooks'
import { z } from 'zod'
import {
  type ApiDeps,
  idempotencyHeaders,
  commitRequest,
  operation,
  type PanelApi,
  reject,
  sendResponse,
} from '@paxyo/panel-api-kit'
import { toEndpoint } from './endpoint-view.ts'
import { WRITE, type OutgoingWebhookDeps } from './outgoing-webhook-routes.ts'

/** `POST /v1/outgoing-webhooks/endpoints/{endpointId}/secret`: rotates the secret in two steps. */
export function registerRotateSecret(api: PanelApi, deps: ApiDeps & OutgoingWebhookDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: z.object({ endpointId: endpointIdSchema }),
    body: rotateSecretSchema,
    ...operation({
      ...WRITE,
      operationId: 'rotateWebhookSecret',
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
    const before = await deps.webhookEndpoints.read(endpointId)
    if (before === undefined) return reject(reply, 'webhook_endpoint_not_found')
    const { step } = request.body
    const response = await commitRequest(deps, request, async ({ client }) => {
      const secret = step === 'retire' ? null : makeSecret()
      const isDone = await (secret === null
        ? deps.webhookEndpoints.retireSecrets(client, endpointId)
        : deps.webhookEndpoints[step === 'add' ? 'addSecret' : 'replaceSecret'](client, endpointId, secret))
      if (!isDone) return step === 'add' ? 'secret_rotation_pending' : 'webhook_endpoint_not_found'
      const endpoint = { ...toEndpoint(before), secretCount: secret === null ? 1 : 2 }
      return { status: 200, body: { endpoint, secret } }
    })
    if (typeof response === 'object' && !response.isReplay) {
      deps.log.info({ endpointId, step }, 'outgoing webhook secret rotated')
      deps.onEndpointsChanged()
    }
    return sendResponse(reply, response)
  })
}
