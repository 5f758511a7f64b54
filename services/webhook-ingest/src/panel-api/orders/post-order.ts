import { roundTrip } from '@paxyo/database'
import { readEpoch, registerOrders } from '@paxyo/ledger'
import {
  type ApiDeps,
  idempotencyHeaders,
  commitRequest,
  operation,
  type PanelApi,
  reject,
  sendResponse,
} from '@paxyo/panel-api-kit'
import { toRegistration, type RegistrationDeps } from './to-registration.ts'
import { registeredSchema, registrationSchema } from '@paxyo/panel-client'

/** `POST /v1/orders`: registers an order that the panel has placed with the provider, or will. */
export function registerPostOrder(api: PanelApi, deps: ApiDeps & RegistrationDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: registrationSchema,
    ...operation({
      operationId: 'registerOrder',
      scope: 'orders:write',
      tag: 'Orders',
      summary: 'Register an order',
      description:
        "The user's first order opens the account. Webhooks that arrived before are applied at once. An order that is not " +
        'placed with the provider yet is registered without `providerOrderId`, and gets it from ' +
        '`PUT /v1/orders/{orderId}/provider-order`.',
      responses: {
        200: { description: 'The order was already registered, with the same details.', schema: registeredSchema },
        201: { description: 'The registered order.', schema: registeredSchema },
      },
      errors: [
        'unknown_provider',
        'provider_order_id_missing',
        'order_conflict',
        'provider_order_taken',
        'currency_mismatch',
        'insufficient_funds',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/orders', { schema }, async (request, reply) => {
    const { orderId, userId } = request.body
    const registration = toRegistration(deps, request.body)
    if ('code' in registration) return reject(reply, registration.code, registration.detail)
    const response = await commitRequest(deps, request, async (tx) => {
      const [epoch, results] = await roundTrip([readEpoch(tx.client), registerOrders(tx, [registration])])
      const result = results[0]!
      if (typeof result === 'string') return result
      const { isNew, order, seq, appliedDeliveries } = result
      return { status: isNew ? 201 : 200, body: { order, seq, epoch, appliedDeliveries } }
    })
    const outcome = typeof response === 'string' ? response : response.status
    deps.log.info({ orderId, userId, outcome }, 'order registration')
    return sendResponse(reply, response)
  })
}
