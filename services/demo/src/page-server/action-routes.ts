import { sendProblem } from '@paxyo/service-kit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'

const demoActionSchema = z.enum(['progress', 'complete', 'partial', 'cancel'])
export type DemoAction = z.infer<typeof demoActionSchema>

/** The actions of the page's buttons. */
export interface DemoActions {
  /** Has the provider send its webhook about one of the demo user's orders. */
  act(action: DemoAction, orderId: string): Promise<void>
  /** Has it send so many webhooks at once. */
  burst(count: number): Promise<void>
  newOrder(): Promise<void>
}

const BURST_MAX = 200
/** Limits the work of a user who holds a button down. */
const RUNNING_MAX = 8

const actSchema = z.strictObject({ action: demoActionSchema, orderId: z.string().min(1).max(128) })
const burstSchema = z.strictObject({ count: z.int().min(1).max(BURST_MAX) })
const newOrderSchema = z.strictObject({})

/** Adds the routes of the buttons. They respond 204 after webhook-ingest has acknowledged the provider's webhooks. */
export function registerDemoActions(app: FastifyInstance, actions: DemoActions): void {
  let running = 0

  function addRoute<Body>(path: string, schema: z.ZodType<Body>, run: (body: Body) => Promise<void>): void {
    app.post(path, async (request, reply) => {
      if (!isSameOrigin(request)) return sendProblem(reply, 'unauthorized', 'the request comes from another page')
      const parsed = schema.safeParse(request.body)
      if (!parsed.success) return sendProblem(reply, 'validation_failed', z.prettifyError(parsed.error))
      if (running >= RUNNING_MAX) return sendProblem(reply, 'queue_full')
      running += 1
      try {
        await run(parsed.data)
      } finally {
        running -= 1
      }
      return reply.code(204).send()
    })
  }

  addRoute('/demo/actions/act', actSchema, ({ action, orderId }) => actions.act(action, orderId))
  addRoute('/demo/actions/burst', burstSchema, ({ count }) => actions.burst(count))
  addRoute('/demo/actions/new-order', newOrderSchema, () => actions.newOrder())
}

/** Browsers send `Origin` with every POST, so a request without one is not from our page. */
function isSameOrigin({ headers: { origin, host } }: FastifyRequest): boolean {
  return origin !== undefined && host !== undefined && URL.canParse(origin) && new URL(origin).host === host
}
