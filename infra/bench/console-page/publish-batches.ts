import { OPERATIONS_CHANNEL, OPERATIONS_ROWS_MAX, type OperationsBatch } from '@paxyo/contracts'
import { createRedisBus } from '@paxyo/event-bus'
import { randomUUID } from 'node:crypto'

export interface PublishOptions {
  readonly redisUrl: string
  readonly channelPrefix: string
  /** Deliveries per second. */
  readonly rate: number
  readonly orders: number
}

/** Deliveries of one commit: as many as arrive while the one before is in flight. */
export const BATCH = 50
const TICK_MS = 10

/** Publishes batches at the rate; those that a busy machine is late with follow at once. */
export function startPublishing({ redisUrl, channelPrefix, rate, orders }: PublishOptions): AsyncDisposable {
  const bus = createRedisBus({ url: redisUrl, channelPrefix, onError: console.error })
  const publisher = bus.connectPublisher()
  const startedAt = performance.now()
  let published = 0
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * (rate / BATCH))
    for (; published < due; published += 1) {
      const payload = JSON.stringify(batchOf(published, orders))
      // Until it is connected, nothing is published; nothing is measured then.
      publisher.publish([{ channel: OPERATIONS_CHANNEL, payload }]).catch(() => undefined)
    }
  }, TICK_MS)
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await publisher.close()
    },
  }
}

/** A refund, some progress, and now and then a review. */
function batchOf(number: number, orders: number): OperationsBatch {
  const at = new Date().toISOString()
  const rows = Array.from({ length: OPERATIONS_ROWS_MAX }, (_, index) => {
    const order = ((number * BATCH + index) % orders) + 1
    const isRefund = index === 0
    return {
      deliveryId: randomUUID(),
      provider: 'godofpanel',
      providerOrderId: String(order),
      orderId: `A-${order}`,
      userId: `user-${order}`,
      outcome: isRefund ? ('applied' as const) : ('progress' as const),
      reason: null,
      reported: isRefund ? 'canceled' : 'in_progress',
      status: isRefund ? ('canceled' as const) : ('in_progress' as const),
      refund: isRefund ? '2.5' : null,
      currency: isRefund ? 'USD' : null,
      receivedAt: at,
    }
  })
  return {
    type: 'batch',
    at,
    outcomes: { applied: 1, progress: BATCH - 1 },
    providers: { godofpanel: BATCH },
    refunds: [{ currency: 'USD', amount: '2.5', count: 1 }],
    reviews: { opened: number % 10 === 0 ? 1 : 0, resolved: 0 },
    rows,
  }
}
