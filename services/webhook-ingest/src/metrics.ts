import { createMetricGroup, LATENCY_BUCKETS_S, type MetricGroup } from '@paxyo/service-kit'
import { readPartitionDays } from '@paxyo/database'
import type { Batcher, ChangeSet, DeliveryResult, NotCommitted } from '@paxyo/ledger'
import { formatMoney } from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { Registry } from 'prom-client'
import { readBacklog } from './backlog.ts'

/** What the parts of this service tell its metrics. Each call is a few additions. */
export interface IngestMetrics {
  /** A webhook request has its answer. */
  readonly webhookAnswered: (status: number, durationMs: number, results: readonly DeliveryResult[]) => void
  /** An authenticated webhook could not be read and is kept. */
  readonly requestRejected: (request: { readonly provider: string; readonly reason: string }) => void
  /** A batch was committed, or given up. */
  readonly batchDone: (deliveries: number, durationMs: number, failure?: NotCommitted) => void
  readonly changesCommitted: (changes: ChangeSet) => void
  /** The bus took a batch's events, or did not take them. */
  readonly batchPublished: (durationMs: number, isTaken: boolean) => void
  /** Adds the gauge of deliveries that wait in this batcher. */
  readonly addWaitingDeliveries: (batcher: Pick<Batcher, 'waitingCount'>) => void
  register(registry: Registry): void
}

const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500]
/** A panel has a few currencies; a mistake of its developers must not fill our memory. */
const CURRENCIES_MAX = 20
/** A scrape must not wait for a database that does not answer: the other metrics are wanted most at that time. */
const BACKLOG_TIMEOUT_MS = 2_000

export function createIngestMetrics(pool: Pool): IngestMetrics {
  const group = createMetricGroup('paxyo_ingest_')
  const webhookDuration = group.histogram(
    'webhook_duration_seconds',
    'From a webhook request to its answer.',
    LATENCY_BUCKETS_S,
    ['status'],
  )
  const deliveries = group.counter('deliveries_total', 'Updates of webhooks, by what became of them.', ['outcome'])
  const rejected = group.counter(
    'rejected_requests_total',
    'Authenticated webhooks that could not be read and are kept, by provider and error code.',
    ['provider', 'reason'],
  )
  const batchSize = group.histogram('batch_deliveries', 'Deliveries in a batch.', BATCH_BUCKETS)
  const commitDuration = group.histogram(
    'commit_duration_seconds',
    'How long a batch took from its first statement to its commit, retries included.',
    LATENCY_BUCKETS_S,
  )
  const failedBatches = group.counter('batch_failures_total', 'Batches that were given up.', ['reason'])
  const registrations = group.counter('orders_registered_total', 'Orders that were registered.')
  const refunds = group.counter('refunds_total', 'Refunds that were paid.', ['currency'])
  const refunded = group.counter('refunded_money_total', 'Money that was paid back.', ['currency'])
  const reviews = group.counter('reviews_opened_total', 'Reviews that were opened.', ['reason'])
  const events = group.counter('events_total', 'Events that were committed.')
  const publishDuration = group.histogram(
    'publish_duration_seconds',
    'How long the bus took to take the events of a batch.',
    LATENCY_BUCKETS_S,
  )
  const publishFailures = group.counter('publish_failures_total', 'Batches that the bus did not take at once.')
  group.gauge('database_waiting', 'Requests that wait for a connection of the pool.', () => pool.waitingCount)
  addBacklog(group, pool)
  addPartitions(group, pool)

  const currencies = new Set<string>()
  const labelOf = (currency: string): string => {
    if (currencies.size < CURRENCIES_MAX) currencies.add(currency)
    return currencies.has(currency) ? currency : 'other'
  }

  return {
    webhookAnswered(status, durationMs, results) {
      webhookDuration.observe({ status: String(status) }, durationMs / 1000)
      for (const { outcome } of results) deliveries.inc({ outcome })
    },
    requestRejected: ({ provider, reason }) => rejected.inc({ provider, reason }),
    batchDone(count, durationMs, failure) {
      batchSize.observe(count)
      if (failure !== undefined) return failedBatches.inc({ reason: failure })
      commitDuration.observe(durationMs / 1000)
    },
    changesCommitted(changes) {
      if (changes.events.length > 0) events.inc(changes.events.length)
      if (changes.registeredOrderIds.size > 0) registrations.inc(changes.registeredOrderIds.size)
      for (const { reason } of changes.reviews) reviews.inc({ reason })
      for (const { kind, userId, amount } of changes.entries) {
        if (kind !== 'refund') continue
        const currency = labelOf(changes.accounts.get(userId)!.currency)
        refunds.inc({ currency })
        // A float at last: this is for graphs, and the ledger is where money is counted.
        refunded.inc({ currency }, Number(formatMoney(amount)))
      }
    },
    batchPublished(durationMs, isTaken) {
      if (isTaken) publishDuration.observe(durationMs / 1000)
      else publishFailures.inc()
    },
    addWaitingDeliveries(batcher) {
      group.gauge('waiting_deliveries', 'Deliveries that wait to be committed.', () => batcher.waitingCount)
    },
    register: (registry) => group.register(registry),
  }
}

/** What waits in the database. Every process of this service says the same: take the highest, not the sum. */
function addBacklog(group: MetricGroup, pool: Pool): void {
  const described = {
    outbox_batches: { help: 'Committed batches in the outbox.' },
    outbox_age_seconds: { help: 'Age of the oldest batch in the outbox.' },
    parked_deliveries: { help: 'Deliveries whose order is not registered.' },
    parked_age_seconds: { help: 'Age of the oldest parked delivery.' },
    unconfirmed_deliveries: { help: 'Deliveries that await the confirmation of the provider.' },
    unconfirmed_age_seconds: { help: 'Age of the oldest delivery that awaits its confirmation.' },
    rejected_requests: { help: 'Rejected requests that are kept and not replayed.' },
    rejected_age_seconds: { help: 'Age of the oldest of them.' },
    open_reviews: { help: 'Reviews that nobody has resolved.', labels: ['reason'] },
    open_review_age_seconds: { help: 'Age of the oldest open review.', labels: ['reason'] },
    backlog_readable: { help: 'Whether the database could be asked for what waits in it.' },
  }
  group.gauges(described, async (gauges) => {
    const backlog = await inTime(readBacklog(pool))
    gauges.backlog_readable.set(backlog === undefined ? 0 : 1)
    if (backlog === undefined) return
    const of = (kind: string): { count: number; ageS: number } =>
      backlog.find((row) => row.kind === kind) ?? { count: 0, ageS: 0 }
    gauges.outbox_batches.set(of('outbox').count)
    gauges.outbox_age_seconds.set(of('outbox').ageS)
    gauges.parked_deliveries.set(of('parked').count)
    gauges.parked_age_seconds.set(of('parked').ageS)
    gauges.unconfirmed_deliveries.set(of('unverified').count)
    gauges.unconfirmed_age_seconds.set(of('unverified').ageS)
    gauges.rejected_requests.set(of('rejected').count)
    gauges.rejected_age_seconds.set(of('rejected').ageS)
    for (const { reason, count, ageS } of backlog.filter(({ kind }) => kind === 'review')) {
      gauges.open_reviews.set({ reason }, count)
      gauges.open_review_age_seconds.set({ reason }, ageS)
    }
  })
}

/** Nothing else tells of maintenance that is not run, or that fails. */
function addPartitions(group: MetricGroup, pool: Pool): void {
  const described = {
    event_partition_days: { help: 'For how many days, today included, events have their partition.' },
  }
  group.gauges(described, async (gauges) => {
    const days = await inTime(readPartitionDays(pool))
    if (days !== undefined) gauges.event_partition_days.set(days)
  })
}

/** @returns undefined when it fails or takes too long. */
async function inTime<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), BACKLOG_TIMEOUT_MS)
  })
  const asked = promise.catch(() => undefined)
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}
