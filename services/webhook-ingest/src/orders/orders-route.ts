import { isDatabaseUnavailable } from '@paxyo/database'
import { sendProblem } from '@paxyo/service-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { bearerToken, createSecretSet } from '../auth/secret-set.ts'
import type { CommitDeps } from '../commit/commit-changes.ts'
import { registerOrder } from './register-order.ts'
import { registrationSchema } from './registration.ts'

export interface OrdersDeps extends CommitDeps {
  /** Keys of the panel; with none nobody gets in. */
  readonly apiKeys: readonly string[]
  readonly log: Logger
}

const RETRY_AFTER_S = 5

/** `POST /v1/orders`: the panel tells us of an order that it has passed on to the provider. */
export function registerOrdersRoute(app: FastifyInstance, deps: OrdersDeps): void {
  const isApiKey = createSecretSet(deps.apiKeys)

  app.post('/v1/orders', {
    onRequest: async (request, reply) => {
      if (!isApiKey(bearerToken(request.headers.authorization))) return sendProblem(reply, 'unauthorized')
    },
    handler: (request, reply) => receive(deps, request, reply),
  })
}

async function receive(deps: OrdersDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const registration = registrationSchema.safeParse(request.body)
  if (!registration.success) return sendProblem(reply, 'validation_failed', z.prettifyError(registration.error))
  try {
    const result = await registerOrder(deps, registration.data)
    if (typeof result === 'string') return sendProblem(reply, result)
    const { isNew, appliedDeliveries, order, seq } = result
    deps.log.info(
      { orderId: order.orderId, userId: registration.data.userId, isNew, appliedDeliveries },
      'order registered',
    )
    return reply.code(isNew ? 201 : 200).send({ order, seq, appliedDeliveries })
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error
    deps.log.error({ err: error }, 'order not registered')
    return sendProblem(reply.header('retry-after', RETRY_AFTER_S), 'database_unavailable')
  }
}
