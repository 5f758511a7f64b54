import { roundTrip } from '@paxyo/database'
import { registerOrders } from '@paxyo/ledger'
import { refuse, sendAnswer } from '../kit/answer.ts'
import { commitOnce, idempotencyHeaders, idempotentRequest } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { readEpoch } from '../kit/position.ts'
import { toRegistration, type RegistrationDeps } from './to-registration.ts'
import { registeredSchema, registrationSchema } from '@paxyo/panel-client'

/** `POST /v1/orders`: the panel tells us of an order that it has passed on to the provider. */
export function registerPostOrder(api: PanelApi, deps: ApiDeps & RegistrationDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: registrationSchema,
    ...operation({
      operationId: 'registerOrder',
      tag: 'Orders',
      summary: 'Register an order that was passed on to the provider',
      description: "Opens the user's account when it is the first. Webhooks that came before are applied at once.",
      answers: {
        200: { description: 'It was registered before, with the same details.', schema: registeredSchema },
        201: { description: 'It is registered.', schema: registeredSchema },
      },
      refusals: [
        'unknown_provider',
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
    if (typeof registration === 'string') return refuse(reply, 'unknown_provider', registration)
    const answer = await commitOnce(deps, idempotentRequest(request), async (tx) => {
      const [epoch, results] = await roundTrip([readEpoch(tx.client), registerOrders(tx, [registration])])
      const result = results[0]!
      if (typeof result === 'string') return result
      const { isNew, order, seq, appliedDeliveries } = result
      return { status: isNew ? 201 : 200, body: { order, seq, epoch, appliedDeliveries } }
    })
    const outcome = typeof answer === 'string' ? answer : answer.status
    deps.log.info({ orderId, userId, outcome }, 'order registration')
    return sendAnswer(reply, answer)
  })
}
