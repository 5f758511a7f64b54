import { orderViewSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { sendAnswer } from '../kit/answer.ts'
import { idempotencyHeaders, idempotentRequest } from '../kit/idempotency.ts'
import { namedSchemas, operation } from '../kit/operation.ts'
import type { PanelApi, PanelApiDeps } from '../panel-api.ts'
import { positionFields } from '../kit/position.ts'
import { registerOrder } from './register-order.ts'
import { registrationSchema } from '@paxyo/panel-client'

namedSchemas.add(orderViewSchema, { id: 'Order' })

const registeredSchema = z.object({
  order: orderViewSchema,
  ...positionFields,
  appliedDeliveries: z.int().nonnegative().describe('How many deliveries had been waiting for this order.'),
})

/** `POST /v1/orders`: the panel tells us of an order that it has passed on to the provider. */
export function registerPostOrder(api: PanelApi, deps: PanelApiDeps): void {
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
    const registration = request.body
    const answer = await registerOrder(deps, registration, idempotentRequest(request))
    const { orderId, userId } = registration
    const outcome = typeof answer === 'string' ? answer : answer.status
    deps.log.info({ orderId, userId, outcome }, 'order registration')
    return sendAnswer(reply, answer)
  })
}
