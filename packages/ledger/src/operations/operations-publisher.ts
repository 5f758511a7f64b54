/**
 * Tells the operator's console what was committed, over the bus: one small message for each transaction.
 *
 * Messages are sent at most once, and nothing waits for them: while the bus is not ready, or does not accept earlier ones
 * in time, they are dropped, and counted. A console reads what it shows from the panel API when it connects, and its gateway reports an
 * interruption of the bus.
 */

import { OPERATIONS_CHANNEL, type OperationsMessage } from '@paxyo/contracts'
import type { EventPublisher } from '@paxyo/event-bus'
import type { ChangeSet } from '../model/change-set.ts'
import { toOperationsBatch } from './operations-batch.ts'

export interface OperationsPublisher {
  /** Called after a commit. */
  readonly changesCommitted: (changes: ChangeSet) => void
  /**
   * Called when an attempt of an endpoint of outgoing webhooks failed, with the error, and when a retry or the first attempt
   * after a failure was delivered. Repeated calls send one message a second.
   */
  readonly endpointChanged: (endpointId: string, error: string | undefined) => void
}

export interface OperationsPublisherOptions {
  readonly publisher: EventPublisher
  readonly now: () => Date
  /** Called for each message that was dropped, or that the bus did not accept. */
  readonly onDropped: () => void
}

/** Messages that the bus has not accepted yet; further ones are dropped. */
const IN_FLIGHT_MAX = 64
const REPEAT_INTERVAL_MS = 1_000
/** More endpoints than there can be at once: of deleted ones nothing is remembered for long. */
const REMEMBERED_MAX = 100

/**
 * Publishes messages for the operator's console.
 *
 * @example
 * const operations = createOperationsPublisher({
 *   publisher: createInProcessBus().connectPublisher(),
 *   now: () => new Date(),
 *   onDropped: () => undefined,
 * })
 * const deps = { ...ledger, onCommitted: operations.changesCommitted }
 * const [result] = await commitDeliveries(deps, [canceled])
 * result!.outcome //=> 'parked'
 */
export function createOperationsPublisher({
  publisher,
  now,
  onDropped,
}: OperationsPublisherOptions): OperationsPublisher {
  let inFlight = 0
  const sentByEndpoint = new Map<string, { readonly state: string; readonly atMs: number }>()

  function send(message: OperationsMessage): void {
    if (!publisher.isReady || inFlight >= IN_FLIGHT_MAX) return onDropped()
    inFlight += 1
    publisher
      .publish([{ channel: OPERATIONS_CHANNEL, payload: JSON.stringify(message) }])
      .catch(onDropped)
      .finally(() => (inFlight -= 1))
  }

  return {
    changesCommitted(changes) {
      const batch = toOperationsBatch(changes)
      if (batch !== undefined) send(batch)
    },
    endpointChanged(endpointId, error) {
      const state = error === undefined ? 'delivering' : 'failing'
      const atMs = now().getTime()
      const sent = sentByEndpoint.get(endpointId)
      if (sent?.state === state && Math.abs(atMs - sent.atMs) < REPEAT_INTERVAL_MS) return
      if (sentByEndpoint.size >= REMEMBERED_MAX) sentByEndpoint.clear()
      sentByEndpoint.set(endpointId, { state, atMs })
      send({ type: 'endpoint', at: now().toISOString(), endpointId, state, error: error ?? null })
    },
  }
}
