import { identifierSchema } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { attachProviderOrder, readEpoch } from '@paxyo/ledger'
import { attachedProviderOrderSchema, attachProviderOrderSchema } from '@paxyo/panel-client'
import { z } from 'zod'
import {
  type ApiDeps,
  principalOf,
  idempotencyHeaders,
  commitRequest,
  operation,
  type PanelApi,
  reject,
  sendResponse,
} from '@paxyo/panel-api-kit'
import { resolveProvider, type RegistrationDeps } from './to-registration.ts'

/** `PUT /v1/orders/:orderId/provider-order`: the order is placed with a provider, or placed again. */
export function registerPutProviderOrder(api: PanelApi, deps: ApiDeps & RegistrationDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: z.object({ orderId: identifierSchema }),
    body: attachProviderOrderSchema,
    ...operation({
      operationId: 'attachProviderOrder',
      scope: 'orders:write',
      tag: 'Orders',
      summary: "Attach or replace the provider's order of an order",
      description:
        'Webhooks of it that arrived before are applied at once, and later ones of the order that it replaces change ' +
        'nothing. An order that is placed again is pending. Attaching the same one again changes nothing.',
      responses: { 200: { description: 'The order has this provider order.', schema: attachedProviderOrderSchema } },
      errors: [
        'order_not_found',
        'unknown_provider',
        'provider_order_taken',
        'order_final',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.put('/v1/orders/:orderId/provider-order', { schema }, async (request, reply) => {
    const { orderId } = request.params
    const { providerOrderId } = request.body
    const keyId = principalOf(request).id
    const provider = resolveProvider(deps, request.body.provider)
    if (typeof provider !== 'string') return reject(reply, provider.code, provider.detail)
    const response = await commitRequest(deps, request, async (tx) => {
      const attaching = attachProviderOrder(tx, orderId, { provider, providerOrderId }, keyId)
      const [attached, epoch] = await roundTrip([attaching, readEpoch(tx.client)])
      if (typeof attached === 'string') return attached
      const { order, seq, replaced, appliedDeliveries } = attached
      const body = { order, seq, epoch, replaced: replaced ?? null, appliedDeliveries }
      return { status: 200, body, audit: { after: { provider, providerOrderId } } }
    })
    const outcome = typeof response === 'string' ? response : response.status
    deps.log.info({ orderId, provider, providerOrderId, keyId, outcome }, 'provider order attached')
    return sendResponse(reply, response)
  })
}
