import type { FastifyInstance } from 'fastify'

/** When a webhook passed each hop inside of the services. */
export interface WebhookHops {
  /** The time of receipt, in milliseconds since 1970, with fractions. */
  readonly receivedAt: number
  /** Milliseconds from the receipt until the transaction was committed, and until its event was published. */
  readonly committedMs: number
  readonly publishedMs: number
}

export interface WebhookTrace {
  /** The hops of the webhook that caused an event of the demo's user; undefined when none did. */
  find(seq: number): Promise<WebhookHops | undefined>
  /** Whether the demo changes orders by itself. */
  readonly isMoving: boolean
}

const SEQ_DIGITS_MAX = 15

/**
 * Adds `GET /demo/trace/:seq`. Its response has the server's time when the request arrived and when the response left, from
 * which the page computes how far the clocks differ. With 0 for the seq it has nothing else.
 */
export function registerTrace(app: FastifyInstance, trace: WebhookTrace): void {
  app.get<{ Params: { seq: string } }>(`/demo/trace/:seq(^\\d{1,${SEQ_DIGITS_MAX}}$)`, async (request, reply) => {
    const requestedAt = now()
    const seq = Number(request.params.seq)
    const hops = seq === 0 ? undefined : await trace.find(seq)
    return reply
      .header('cache-control', 'no-store')
      .send({ requestedAt, isMoving: trace.isMoving, hops, respondedAt: now() })
  })
}

const now = (): number => performance.timeOrigin + performance.now()
