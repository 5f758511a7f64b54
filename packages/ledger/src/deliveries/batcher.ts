/**
 * Group commit of deliveries.
 *
 * Guarantees: `submit` returns results only after the COMMIT of every delivery, so a webhook acknowledged with 200 is in
 * PostgreSQL. Updates of one order are committed in the order of their arrival. A delivery that the database rejects
 * does not fail the others of its batch. Queue, batch size and retry time are bounded.
 *
 * How: deliveries that arrive while a partition commits form its next batch, without a timer: a lone webhook does not
 * wait, and under load one fsync serves hundreds. A hash of provider and order id selects the partition. Deliveries that have to
 * wait for a lock, because their order is not registered or another transaction changes their account, are deferred to
 * separate batches. A batch is retried after a deadlock or an unknown outcome of COMMIT (deliveries that were committed become
 * duplicates), and halved after a rejection until one delivery is left, which is recorded with a review.
 *
 * Without it every webhook costs its own transaction and fsync, concurrent updates of one order commit in any order, one
 * delivery that the database rejects fails the requests that share its batch, and one account that is locked delays the
 * webhooks of all.
 */

import { isDatabaseUnavailable, isRejectedByDatabase, isRetryable } from '@paxyo/database'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import { providerOrderKey } from '../model/provider-order.ts'
import { applyAtOnce, applyOrPark, commitDeliveries, commitRejected } from './commit-deliveries.ts'
import type { LedgerDeps } from '../transaction/commit-change-set.ts'
import { createGrouping, type Grouping } from '../transaction/grouping.ts'

export const NOT_COMMITTED_REASONS = ['queue_full', 'shutting_down', 'database_unavailable', 'internal_error'] as const

/**
 * Why deliveries were not committed. The provider must retry the request; a delivery that is received twice is a
 * duplicate.
 */
export type NotCommitted = (typeof NOT_COMMITTED_REASONS)[number]

export interface Batcher {
  /** The number of deliveries that wait to be committed. */
  readonly waitingCount: number
  /** For how long the oldest batch in flight has been waiting for its commit; 0 without one. */
  readonly commitAgeMs: number
  /**
   * Commits the deliveries of one request, each in a batch with others that are waiting.
   *
   * @returns a result for each, in their order, when all are committed; or why they are not. Some may be committed
   *   even then.
   */
  submit(deliveries: readonly Delivery[]): Promise<DeliveryResult[] | NotCommitted>
  /** Stops accepting deliveries, and commits the accepted ones. */
  close(): Promise<void>
}

export interface BatcherOptions extends LedgerDeps {
  readonly log: Logger
  /** The maximum number of deliveries in one transaction. */
  readonly batchMax?: number
  /** The maximum number of waiting deliveries; more are rejected. */
  readonly queueMax?: number
  /** The number of transactions that can be in flight. */
  readonly partitions?: number
  /** How long one batch is retried before its senders get 503. */
  readonly commitTimeoutMs?: number
  /** Called after every batch that was committed or failed. */
  readonly onBatch?: (deliveries: number, durationMs: number, failure?: NotCommitted) => void
}

const BATCH_MAX = 500
const QUEUE_MAX = 10_000
const PARTITIONS = 2
const COMMIT_TIMEOUT_MS = 8_000
const RETRY_DELAY_MS_MIN = 20
const RETRY_DELAY_MS_MAX = 500

/**
 * An order always uses the same partition, so its updates are committed in the order of their arrival.
 *
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const batcher = createBatcher({ ...ledger, log })
 * const results = await batcher.submit([canceled])
 * typeof results === 'object' && results.map(({ outcome }) => outcome) //=> ['applied']
 * await batcher.close()
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { batchMax = BATCH_MAX, queueMax = QUEUE_MAX, partitions: partitionCount = PARTITIONS } = options
  const deferred = createDeferred(options, batchMax)
  const partitions = Array.from({ length: partitionCount }, () => createPartition(options, batchMax, deferred))
  const groupings = [...partitions, deferred.grouping]
  let isClosing = false

  const waitingCount = (): number => groupings.reduce((sum, grouping) => sum + grouping.waitingCount, 0)

  return {
    get waitingCount() {
      return waitingCount()
    },
    get commitAgeMs() {
      return Math.max(...groupings.map((grouping) => grouping.ageMs))
    },

    async submit(deliveries) {
      if (isClosing) return 'shutting_down'
      if (waitingCount() + deliveries.length > queueMax) return 'queue_full'
      const results = await Promise.all(
        deliveries.map((delivery) => partitions[partitionOf(delivery, partitionCount)]!.submit(delivery)),
      )
      const notCommitted = results.find((result) => typeof result === 'string')
      return notCommitted ?? (results as DeliveryResult[])
    },

    async close() {
      isClosing = true
      await Promise.all(partitions.map((partition) => partition.idle()))
      await deferred.grouping.idle()
    },
  }
}

type Outcome = DeliveryResult | NotCommitted

/** Commits the deliveries that need not wait for a lock, and defers the others. */
function createPartition(options: BatcherOptions, batchMax: number, deferred: Deferred): Grouping<Delivery, Outcome> {
  return createGrouping<Delivery, Outcome>(batchMax, async (deliveries) => {
    // Although they may need no lock any more, they come after those of the same order.
    const mustFollow = deliveries.map((delivery) => deferred.hasOrderOf(delivery))
    const others = deliveries.filter((_delivery, index) => !mustFollow[index])
    const results = others.length === 0 ? [] : await commitBatch(options, others, applyAtOnce)
    const remaining = results.values()
    return deliveries.map((delivery, index) => {
      const result = mustFollow[index] ? undefined : remaining.next().value
      return result ?? deferred.submit(delivery)
    })
  })
}

/** Commits the deliveries of all partitions that have to wait for a lock. */
interface Deferred {
  readonly grouping: Grouping<Delivery, Outcome>
  /** Whether a delivery of the same order is not committed yet. */
  hasOrderOf(delivery: Delivery): boolean
  submit(delivery: Delivery): Promise<Outcome>
}

function createDeferred(options: BatcherOptions, batchMax: number): Deferred {
  const countByOrder = new Map<string, number>()
  const grouping = createGrouping<Delivery, Outcome>(batchMax, (deliveries) =>
    commitBatch<never>(options, deliveries, applyOrPark),
  )
  function count(order: string, change: 1 | -1): void {
    const next = (countByOrder.get(order) ?? 0) + change
    if (next === 0) countByOrder.delete(order)
    else countByOrder.set(order, next)
  }
  return {
    grouping,
    hasOrderOf: (delivery) => countByOrder.has(orderKeyOf(delivery)),
    async submit(delivery) {
      const order = orderKeyOf(delivery)
      count(order, 1)
      try {
        return await grouping.submit(delivery)
      } finally {
        count(order, -1)
      }
    },
  }
}

/** @returns the delivery's id when it names no order. */
const orderKeyOf = ({ provider, update, deliveryId }: Delivery): string =>
  update === undefined ? deliveryId : providerOrderKey({ provider, providerOrderId: update.providerOrderId })

function partitionOf(delivery: Delivery, partitionCount: number): number {
  const key = orderKeyOf(delivery)
  let hash = 0
  for (let index = 0; index < key.length; index += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) >>> 0
  return hash % partitionCount
}

/** @returns undefined for each delivery that it did not commit. */
type Commit<Result> = (
  deps: LedgerDeps,
  deliveries: readonly Delivery[],
  isRetry: boolean,
) => Promise<(DeliveryResult | Result)[]>

async function commitBatch<Result>(
  options: BatcherOptions,
  deliveries: readonly Delivery[],
  commit: Commit<Result>,
): Promise<(Outcome | Result)[]> {
  const startedAt = performance.now()
  const results = await commitOrExplain(options, deliveries, commit)
  const failure = typeof results === 'string' ? results : undefined
  options.onBatch?.(deliveries.length, performance.now() - startedAt, failure)
  return typeof results === 'string' ? deliveries.map(() => results) : results
}

async function commitOrExplain<Result>(
  options: BatcherOptions,
  deliveries: readonly Delivery[],
  commit: Commit<Result>,
): Promise<(DeliveryResult | Result)[] | NotCommitted> {
  const deadline = Date.now() + (options.commitTimeoutMs ?? COMMIT_TIMEOUT_MS)
  try {
    return await commitWithRetries(options, deliveries, deadline, commit)
  } catch (error) {
    const reason = isDatabaseUnavailable(error) || isRetryable(error) ? 'database_unavailable' : 'internal_error'
    options.log.error({ err: error, deliveries: deliveries.length, reason }, 'batch not committed')
    return reason
  }
}

/**
 * Runs the batch again after a deadlock, and when the outcome of its COMMIT is unknown: deliveries that were committed
 * become duplicates. A batch that the database rejects is halved until only the rejected delivery is left; nothing of a
 * half is deferred, so that the other one does not overtake it.
 */
async function commitWithRetries<Result>(
  options: BatcherOptions,
  deliveries: readonly Delivery[],
  deadline: number,
  commit: Commit<Result>,
): Promise<(DeliveryResult | Result)[]> {
  let isRetry = false
  let isOutcomeUnknown = false
  for (let delayMs = RETRY_DELAY_MS_MIN; ; delayMs = Math.min(delayMs * 2, RETRY_DELAY_MS_MAX)) {
    try {
      const results = await commit(options, deliveries, isRetry)
      if (isOutcomeUnknown) options.outbox.outcomeUnknown()
      return results
    } catch (error) {
      isRetry = true
      isOutcomeUnknown ||= isDatabaseUnavailable(error)
      if (isRejectedByDatabase(error)) {
        options.log.warn({ err: error, deliveries: deliveries.length }, 'batch rejected by the database')
        if (deliveries.length === 1) return [await commitRejected(options, deliveries[0]!)]
        const middle = deliveries.length >> 1
        return [
          ...(await commitWithRetries<never>(options, deliveries.slice(0, middle), deadline, commitDeliveries)),
          ...(await commitWithRetries<never>(options, deliveries.slice(middle), deadline, commitDeliveries)),
        ]
      }
      const canRetry = isRetryable(error) || isDatabaseUnavailable(error)
      if (!canRetry || Date.now() + delayMs > deadline) throw error
      options.log.warn({ err: error, deliveries: deliveries.length }, 'batch retry')
      await sleep(delayMs)
    }
  }
}
