import { identifierSchema, orderStatusSchema, type ErrorCode } from '@paxyo/contracts'
import { sendProblem } from '@paxyo/service-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ORDER_ACTIONS } from './order-store.ts'
import { SimulatorError, type SimulatorErrorCode } from './simulator-error.ts'
import type { Simulator } from './simulated-provider.ts'

const QUANTITY_MAX = 1_000_000_000
const ORDERS_SHOWN_MAX = 1000
const DELIVERIES_SHOWN_MAX = 100
const BURST_MAX = 10_000

const amountSchema = z.int().min(-QUANTITY_MAX).max(QUANTITY_MAX)
const changeSchema = z.strictObject({
  status: orderStatusSchema.exactOptional(),
  remains: amountSchema.exactOptional(),
  startCount: amountSchema.nullable().exactOptional(),
})
const newOrderSchema = changeSchema.extend({
  orderId: identifierSchema.exactOptional(),
  service: z.string().max(128).exactOptional(),
  link: z.string().max(2048).exactOptional(),
  quantity: z.int().min(1).max(QUANTITY_MAX).exactOptional(),
})
const actionSchema = z.strictObject({ action: z.enum(ORDER_ACTIONS) })
const burstSchema = z.strictObject({ count: z.int().min(1).max(BURST_MAX) })
const faultSchema = z.nullable(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('status'), status: z.int().min(400).max(599) }),
    z.strictObject({ kind: z.literal('delay'), delayMs: z.int().min(0).max(600_000) }),
    z.strictObject({ kind: z.enum(['hang', 'reset', 'malformed', 'huge', 'forget']) }),
  ]),
)

const CODES: Readonly<Record<SimulatorErrorCode, ErrorCode>> = {
  unknown_order: 'not_found',
  order_exists: 'order_conflict',
  order_closed: 'order_conflict',
  too_many_orders: 'queue_full',
  invalid_order: 'validation_failed',
}

/** The simulator's commands over HTTP. They require its API key. */
export function registerControlRoute(app: FastifyInstance, simulator: Simulator): void {
  const authorized = `Bearer ${simulator.apiKey}`
  void app.register(
    (scope, _options, done) => {
      scope.addHook('onRequest', async (request, reply) => {
        if (request.headers.authorization !== authorized) return sendProblem(reply, 'unauthorized')
      })
      scope.get('/orders', () => ({ orders: simulator.orders().slice(0, ORDERS_SHOWN_MAX) }))
      scope.get('/deliveries', () => ({
        ...simulator.deliveries.counts,
        newest: simulator.deliveries.newest.slice(-DELIVERIES_SHOWN_MAX),
      }))
      scope.post(
        '/orders',
        command(newOrderSchema, (order) => simulator.add(order)),
      )
      scope.post(
        '/orders/:orderId',
        command(changeSchema, (change, orderId) => simulator.change(orderId, change)),
      )
      scope.post(
        '/orders/:orderId/act',
        command(actionSchema, ({ action }, orderId) => simulator.act(orderId, action)),
      )
      scope.post(
        '/burst',
        command(burstSchema, ({ count }) => ({ changes: simulator.burst(count) })),
      )
      scope.post(
        '/fault',
        command(faultSchema, (fault) => {
          simulator.setApiFault(fault ?? undefined)
          return { fault }
        }),
      )
      done()
    },
    { prefix: '/control' },
  )
}

/** A route handler that validates the body, runs the command and responds with its result. */
function command<T>(schema: z.ZodType<T>, run: (body: T, orderId: string) => unknown) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const body = schema.safeParse(request.body)
    if (!body.success) return sendProblem(reply, 'validation_failed', z.prettifyError(body.error))
    try {
      return reply.send(run(body.data, (request.params as { orderId?: string }).orderId ?? ''))
    } catch (error) {
      if (!(error instanceof SimulatorError)) throw error
      return sendProblem(reply, CODES[error.code], error.message)
    }
  }
}
