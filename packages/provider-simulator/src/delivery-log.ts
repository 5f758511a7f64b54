import type { WebhookBody } from './webhook-shapes.ts'

/** One attempt to deliver a webhook. */
export interface Attempt {
  readonly at: Date
  readonly durationMs: number
  /** The response's status, or why there was no response. */
  readonly result: number | 'timed_out' | 'unreachable'
}

/** A webhook and its result. */
export interface SimulatedDelivery extends WebhookBody {
  /** The same for a duplicate. */
  readonly messageId: string
  readonly orderIds: readonly string[]
  /** waiting → acknowledged (2xx) or given_up (after all attempts); a dropped one is never sent. */
  readonly state: 'waiting' | 'acknowledged' | 'given_up' | 'dropped'
  readonly attempts: readonly Attempt[]
  /** The body of the 2xx response. */
  readonly response: string | undefined
}

export interface DeliveryCounts {
  /** Requests, retries included. */
  readonly sent: number
  readonly acknowledged: number
  readonly retried: number
  readonly dropped: number
  readonly givenUp: number
  /** In flight, or waiting for their next attempt. */
  readonly waiting: number
}

export type OpenDelivery = { -readonly [Name in keyof SimulatedDelivery]: SimulatedDelivery[Name] } & {
  attempts: Attempt[]
}

export interface DeliveryLog {
  readonly counts: DeliveryCounts
  /** The newest deliveries, oldest first. */
  readonly newest: readonly SimulatedDelivery[]
  add(delivery: WebhookBody & Pick<SimulatedDelivery, 'messageId' | 'orderIds'>): OpenDelivery
  drop(delivery: OpenDelivery): void
  attempt(delivery: OpenDelivery, attempt: Attempt): void
  settle(delivery: OpenDelivery, state: 'acknowledged' | 'given_up', response?: string): void
}

/** How many deliveries are kept; the counts include all. */
const DELIVERIES_MAX = 10_000

export function createDeliveryLog(): DeliveryLog {
  const newest: OpenDelivery[] = []
  const counts = { sent: 0, acknowledged: 0, retried: 0, dropped: 0, givenUp: 0, waiting: 0 }

  return {
    counts,
    newest,
    add(delivery) {
      const added: OpenDelivery = { ...delivery, state: 'waiting', attempts: [], response: undefined }
      newest.push(added)
      if (newest.length > DELIVERIES_MAX) newest.shift()
      counts.waiting += 1
      return added
    },
    drop(delivery) {
      delivery.state = 'dropped'
      counts.dropped += 1
      counts.waiting -= 1
    },
    attempt(delivery, attempt) {
      counts.sent += 1
      if (delivery.attempts.length > 0) counts.retried += 1
      delivery.attempts.push(attempt)
    },
    settle(delivery, state, response) {
      delivery.state = state
      delivery.response = response
      counts[state === 'acknowledged' ? 'acknowledged' : 'givenUp'] += 1
      counts.waiting -= 1
    },
  }
}
