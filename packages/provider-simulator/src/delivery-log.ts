/** One attempt to deliver a webhook. */
export interface Attempt {
  readonly at: Date
  readonly durationMs: number
  /** The answer's status, or why there was none. */
  readonly answer: number | 'timed_out' | 'unreachable'
}

/** A webhook on its way, and what became of it. */
export interface SimulatedDelivery {
  /** The same for a duplicate. */
  readonly messageId: string
  readonly orderIds: readonly string[]
  readonly contentType: string
  readonly body: string
  /** waiting → answered (2xx) or given_up (after all attempts); dropped was never sent. */
  readonly state: 'waiting' | 'answered' | 'given_up' | 'dropped'
  readonly attempts: readonly Attempt[]
  /** The last answer's body, where it was 2xx. */
  readonly answer: string | undefined
}

export interface DeliveryCounts {
  /** Requests that were made, retries included. */
  readonly sent: number
  readonly answered: number
  readonly retried: number
  readonly dropped: number
  readonly givenUp: number
  /** On their way, or waiting for their next attempt. */
  readonly waiting: number
}

export type OpenDelivery = { -readonly [Name in keyof SimulatedDelivery]: SimulatedDelivery[Name] } & {
  attempts: Attempt[]
}

export interface DeliveryLog {
  readonly counts: DeliveryCounts
  /** The newest, in the order in which they were made. */
  readonly newest: readonly SimulatedDelivery[]
  add(delivery: Pick<SimulatedDelivery, 'messageId' | 'orderIds' | 'contentType' | 'body'>): OpenDelivery
  drop(delivery: OpenDelivery): void
  attempt(delivery: OpenDelivery, attempt: Attempt): void
  settle(delivery: OpenDelivery, state: 'answered' | 'given_up', answer?: string): void
}

/** How many deliveries are remembered; the counts go on. */
const DELIVERIES_MAX = 10_000

export function createDeliveryLog(): DeliveryLog {
  const newest: OpenDelivery[] = []
  const counts = { sent: 0, answered: 0, retried: 0, dropped: 0, givenUp: 0, waiting: 0 }

  return {
    counts,
    newest,
    add(delivery) {
      const added: OpenDelivery = { ...delivery, state: 'waiting', attempts: [], answer: undefined }
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
    settle(delivery, state, answer) {
      delivery.state = state
      delivery.answer = answer
      counts[state === 'answered' ? 'answered' : 'givenUp'] += 1
      counts.waiting -= 1
    },
  }
}
