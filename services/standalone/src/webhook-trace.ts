import { userChannel } from '@paxyo/contracts'
import type { EventPublisher } from '@paxyo/event-bus'
import type { WebhookHops } from 'demo'
import type { FastifyInstance } from 'fastify'

/** Measures the webhooks of one user on their way through this process. */
export interface TraceRecorder {
  /** Measures what the publisher publishes. */
  observePublisher(publisher: EventPublisher): EventPublisher
  /** Measures requests. Call it before the routes are registered. */
  observeRequests(app: FastifyInstance): void
  /** Waits for a webhook that is still on its way. */
  find(seq: number): Promise<WebhookHops | undefined>
}

interface Published {
  readonly committedAtMs: number
  readonly publishedAtMs: number
}

/** The newest events that are kept. */
const EVENTS_MAX = 500
const FIND_TIMEOUT_MS = 2_000

/** @param onWebhook receives the sender's User-Agent of each committed webhook. */
export function createTraceRecorder(userId: string, onWebhook: (userAgent: string) => void): TraceRecorder {
  const channel = userChannel(userId)
  const published = createBoundedMap<Published>()
  const receivedAtMs = createBoundedMap<number>()

  return {
    observePublisher: (publisher) => ({
      get isReady() {
        return publisher.isReady
      },
      async publish(messages) {
        // The ledger publishes a batch as soon as its COMMIT is acknowledged.
        const committedAtMs = performance.now()
        await publisher.publish(messages)
        const publishedAtMs = performance.now()
        for (const message of messages) {
          if (message.channel !== channel) continue
          const { seq } = JSON.parse(message.payload) as { seq: number }
          published.set(seq, { committedAtMs, publishedAtMs })
        }
      },
      onReady: (listener) => publisher.onReady(listener),
      close: () => publisher.close(),
    }),
    observeRequests(app) {
      app.addHook('onResponse', async ({ webhookResults, headers }, reply) => {
        if (webhookResults === undefined) return
        const startedAtMs = performance.now() - reply.elapsedTime
        for (const { event } of webhookResults) if (event?.userId === userId) receivedAtMs.set(event.seq, startedAtMs)
        onWebhook(headers['user-agent'] ?? '')
      })
    },
    async find(seq) {
      const [received, times] = await Promise.all([receivedAtMs.get(seq), published.get(seq)])
      if (received === undefined || times === undefined) return undefined
      return {
        receivedAt: performance.timeOrigin + received,
        committedMs: times.committedAtMs - received,
        publishedMs: times.publishedAtMs - received,
      }
    },
  }
}

interface BoundedMap<Value> {
  set(seq: number, value: Value): void
  /** Waits for a value that is set soon. */
  get(seq: number): Promise<Value | undefined>
}

function createBoundedMap<Value>(): BoundedMap<Value> {
  const values = new Map<number, Value>()
  const waiting = new Map<number, PromiseWithResolvers<Value | undefined>>()
  return {
    set(seq, value) {
      values.set(seq, value)
      const oldest = values.keys().next()
      if (values.size > EVENTS_MAX && oldest.done !== true) values.delete(oldest.value)
      waiting.get(seq)?.resolve(value)
    },
    async get(seq) {
      const known = values.get(seq)
      if (known !== undefined) return known
      const entry = waiting.get(seq) ?? Promise.withResolvers<Value | undefined>()
      waiting.set(seq, entry)
      const timer = setTimeout(() => entry.resolve(undefined), FIND_TIMEOUT_MS)
      const found = await entry.promise
      clearTimeout(timer)
      waiting.delete(seq)
      return found
    },
  }
}
