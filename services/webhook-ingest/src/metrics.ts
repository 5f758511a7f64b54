import { createMetricGroup, LATENCY_BUCKETS_S, type MetricGroup } from '@paxyo/service-kit'
import { readMaintenanceAgeS, readPartitionDays, readSignatureAgeS } from '@paxyo/database'
import type { EventPublisher } from '@paxyo/event-bus'
import {
  NOT_COMMITTED_REASONS,
  readBacklog,
  type AccountWrites,
  type Batcher,
  type ChangeFeed,
  type ChangeSet,
  type DatabaseWatch,
  type DeliveryResult,
  type NotCommitted,
} from '@paxyo/ledger'
import { formatMoney } from '@paxyo/order-core'
import { addBusyMetrics, type BusyDoor, type BusyRejection } from '@paxyo/panel-api-kit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Registry } from 'prom-client'
import type { GatewayLink } from './gateways/gateway-link.ts'
import { addDatabase } from './database-metrics.ts'
import { addReconcile, type ReconcileMetrics } from './workers/reconcile/reconcile-metrics.ts'

/** Callbacks through which the parts of this service report to its metrics. */
export interface IngestMetrics {
  /** A webhook request got its response. */
  readonly webhookResponded: (status: number, durationMs: number, results: readonly DeliveryResult[]) => void
  /** An authenticated webhook could not be read and is kept. */
  readonly requestRejected: (request: { readonly provider: string; readonly reason: string }) => void
  /** Rejected requests beyond the maximum were deleted before their replay. */
  readonly rejectedDeleted: (count: number) => void
  /** Rejected requests beyond the maximum were not deleted. */
  readonly trimFailed: () => void
  /** A request to the panel API or the console was rejected because too many wait. */
  readonly apiBusy: (door: BusyDoor, rejection: BusyRejection) => void
  readonly auditFailed: () => void
  /** The database does not have the cursor of a request. */
  readonly cursorAhead: (isVoid: boolean) => void
  /** A message for consoles was not published. */
  readonly operationsMessageDropped: () => void
  /** A request to the panel API or a webhook was not authenticated. */
  readonly authenticationFailed: (door: string, isThrottled: boolean) => void
  /** A batch was committed, or failed. */
  readonly batchDone: (deliveries: number, durationMs: number, failure?: NotCommitted) => void
  readonly changesCommitted: (changes: ChangeSet) => void
  /** The bus accepted the events of a batch, or the publish failed. */
  readonly batchPublished: (durationMs: number, isPublished: boolean) => void
  readonly reconcile: ReconcileMetrics
  /** Adds the gauge of deliveries that wait in a batcher. */
  readonly addWaitingDeliveries: (batcher: Pick<Batcher, 'waitingCount'>) => void
  /** Adds the gauges of money requests that wait for a locked account. */
  readonly addLockWaits: (writes: Pick<AccountWrites, 'lockWaits' | 'lockWaitMs'>) => void
  /** Adds the gauges of the database's server, its standbys and commits in flight. */
  readonly addDatabase: (watch: DatabaseWatch, commits: Pick<Batcher, 'commitAgeMs'>) => void
  /** Adds the gauge of requests that are held until there is a change. */
  readonly addHeldRequests: (changeFeed: Pick<ChangeFeed, 'heldCount'>) => void
  /** An outgoing webhook was delivered, or failed. */
  readonly outgoingWebhookAttempted: (isDelivered: boolean, durationMs: number) => void
  /** Changes became no outgoing webhooks, because they are no longer kept. */
  readonly outgoingWebhooksSkipped: () => void
  /** Adds the gauge of the connection over which events are published. */
  readonly addPublisher: (publisher: Pick<EventPublisher, 'isReady'>) => void
  /** Receipts of a gateway were stored. */
  readonly receiptsStored: (count: number) => void
  /** Adds the gauges of the gateways and the users online. */
  readonly addGateways: (link: Pick<GatewayLink, 'gateways' | 'isReady'>) => void
  register(registry: Registry): void
}

const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500]
/** A panel has a few currencies; the bound protects our memory against a mistake in the panel. */
const CURRENCIES_MAX = 20
/** While the database does not respond, the other metrics are needed most: a scrape waits no longer for it. */
const BACKLOG_TIMEOUT_MS = 2_000

export function createIngestMetrics(pool: Pool): IngestMetrics {
  const group = createMetricGroup('paxyo_ingest_')
  const webhookDuration = group.histogram(
    'webhook_duration_seconds',
    'Time from a webhook request to its response.',
    LATENCY_BUCKETS_S,
    ['status'],
  )
  const deliveries = group.counter('deliveries_total', 'Deliveries, by outcome.', ['outcome'])
  const rejected = group.counter(
    'rejected_requests_total',
    'Authenticated webhooks that could not be read and are kept, by provider and error code.',
    ['provider', 'reason'],
  )
  const rejectedDeleted = group.counter(
    'rejected_requests_deleted_total',
    'Rejected requests beyond the maximum that were deleted before their replay.',
  )
  const trimFailures = group.counter(
    'rejected_requests_trim_failures_total',
    'Failed deletions of the rejected requests beyond the maximum.',
  )
  const failures = group.counter(
    'authentication_failures_total',
    'Requests that failed authentication, by what they wanted and whether their address was throttled.',
    ['door', 'result'],
  )
  const operationsDropped = group.counter(
    'operations_messages_dropped_total',
    'Messages for consoles that were not published, because the bus was not ready or too slow.',
  )
  const auditFailures = group.counter(
    'audit_log_failures_total',
    'Entries of the audit log that could not be written, of committed changes and of denied requests.',
  )
  const cursorsAhead = group.counter(
    'cursors_ahead_total',
    'Requests with a cursor of a feed that the database does not have: rejected, or void after a while.',
    ['outcome'],
  )
  const outgoingSkipped = group.counter(
    'outgoing_webhooks_skipped_total',
    'How often changes became no outgoing webhooks, because they are no longer kept.',
  )
  const batchSize = group.histogram('batch_deliveries', 'Deliveries per batch.', BATCH_BUCKETS)
  const commitDuration = group.histogram(
    'commit_duration_seconds',
    'Time from the first statement of a batch to its commit, including retries.',
    LATENCY_BUCKETS_S,
  )
  const failedBatches = group.counter('batch_failures_total', 'Batches that failed.', ['reason'])
  const registrations = group.counter('orders_registered_total', 'Registered orders.')
  const refunds = group.counter('refunds_total', 'Paid refunds.', ['currency'])
  const refunded = group.counter('refunded_money_total', 'Refunded money.', ['currency'])
  const reviews = group.counter('reviews_opened_total', 'Opened reviews.', ['reason'])
  const events = group.counter('events_total', 'Committed events.')
  const publishDuration = group.histogram(
    'publish_duration_seconds',
    'Time to publish the events of a batch.',
    LATENCY_BUCKETS_S,
  )
  const publishFailures = group.counter(
    'publish_failures_total',
    'Batches whose events could not be published at once.',
  )
  const outgoing = group.histogram(
    'outgoing_webhook_duration_seconds',
    'Time from an attempt to send an outgoing webhook to its result.',
    LATENCY_BUCKETS_S,
    ['result'],
  )
  const receipts = group.counter('receipts_total', 'Receipts of users that gateways reported.')
  // An alert cannot see the first failure, or that nothing came, in a series that does not exist yet.
  webhookDuration.zero({ status: '200' })
  for (const result of ['delivered', 'failed']) outgoing.zero({ result })
  for (const outcome of ['rejected', 'void']) cursorsAhead.inc({ outcome }, 0)
  for (const reason of NOT_COMMITTED_REASONS) failedBatches.inc({ reason }, 0)
  const reconcile = addReconcile(group)
  group.gauge('database_waiting', 'Requests that wait for a database connection.', () => pool.waitingCount)
  addBacklog(group, pool)
  addMaintenance(group, pool)

  const currencies = new Set<string>()
  const labelOf = (currency: string): string => {
    if (currencies.size < CURRENCIES_MAX) currencies.add(currency)
    return currencies.has(currency) ? currency : 'other'
  }

  return {
    webhookResponded(status, durationMs, results) {
      webhookDuration.observe({ status: String(status) }, durationMs / 1000)
      for (const { outcome } of results) deliveries.inc({ outcome })
    },
    requestRejected: ({ provider, reason }) => rejected.inc({ provider, reason }),
    rejectedDeleted: (count) => rejectedDeleted.inc(count),
    trimFailed: () => trimFailures.inc(),
    apiBusy: addBusyMetrics(group),
    authenticationFailed: (door, isThrottled) => failures.inc({ door, result: isThrottled ? 'throttled' : 'rejected' }),
    auditFailed: () => auditFailures.inc(),
    cursorAhead: (isVoid) => cursorsAhead.inc({ outcome: isVoid ? 'void' : 'rejected' }),
    operationsMessageDropped: () => operationsDropped.inc(),
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
        // A float is good enough for graphs; the ledger has the exact amounts.
        refunded.inc({ currency }, Number(formatMoney(amount)))
      }
    },
    batchPublished(durationMs, isPublished) {
      if (isPublished) publishDuration.observe(durationMs / 1000)
      else publishFailures.inc()
    },
    reconcile,
    addWaitingDeliveries(batcher) {
      group.gauge('waiting_deliveries', 'Deliveries that wait to be committed.', () => batcher.waitingCount)
    },
    addLockWaits(writes) {
      group.gauge('lock_waits', 'Money requests that wait for a locked account.', () => writes.lockWaits)
      const help = 'For how long the first of them has been waiting.'
      group.gauge('lock_wait_seconds', help, () => writes.lockWaitMs / 1000)
    },
    addDatabase: (watch, commits) => addDatabase(group, watch, commits),
    addHeldRequests(changeFeed) {
      group.gauge('held_requests', 'Requests for changes that are held.', () => changeFeed.heldCount)
    },
    outgoingWebhookAttempted(isDelivered, durationMs) {
      outgoing.observe({ result: isDelivered ? 'delivered' : 'failed' }, durationMs / 1000)
    },
    outgoingWebhooksSkipped: () => outgoingSkipped.inc(),
    addPublisher(publisher) {
      group.gauge('publisher_ready', '1 while the connection to the event bus is ready, 0 otherwise.', () =>
        publisher.isReady ? 1 : 0,
      )
    },
    receiptsStored: (count) => receipts.inc(count),
    addGateways(link) {
      group.gauge(
        'gateways',
        'Gateways whose messages this process has received in the last seconds.',
        () => link.gateways.length,
      )
      group.gauge('users_online', 'Users connected, added up over the gateways.', () =>
        link.gateways.reduce((sum, { users }) => sum + users, 0),
      )
      group.gauge('gateway_link_ready', '1 while messages of the bus arrive at this process, 0 otherwise.', () =>
        Number(link.isReady),
      )
    },
    register: (registry) => group.register(registry),
  }
}

/** Waiting work in the database. Every process of this service reports the same values: aggregate with max, not sum. */
function addBacklog(group: MetricGroup, pool: Pool): void {
  const described = {
    outbox_batches: { help: 'Committed batches in the outbox.' },
    outbox_age_seconds: { help: 'Age of the oldest batch in the outbox.' },
    parked_deliveries: { help: 'Deliveries whose order is not registered yet.' },
    parked_age_seconds: { help: 'Age of the oldest parked delivery.' },
    unverified_deliveries: { help: 'Deliveries that await provider verification.' },
    unverified_age_seconds: { help: 'Age of the oldest delivery that awaits provider verification.' },
    rejected_requests: { help: 'Rejected requests that are kept and not replayed.' },
    rejected_age_seconds: { help: 'Age of the oldest rejected request that is not replayed.' },
    change_feed_waiting: { help: 'Commits whose changes are not in the changes feed yet.' },
    change_feed_age_seconds: { help: 'Age of the oldest of them.' },
    outgoing_webhooks_pending: { help: 'Outgoing webhooks that wait to be sent or retried.' },
    outgoing_webhook_age_seconds: { help: 'Age of the oldest of them.' },
    outgoing_webhooks_dead: { help: 'Outgoing webhooks that were given up.' },
    erasures_unfinished: { help: 'Erasures of users that are not finished.' },
    erasure_age_seconds: { help: 'Age of the oldest of them.' },
    open_reviews: { help: 'Open reviews.', labels: ['reason'] },
    open_review_age_seconds: { help: 'Age of the oldest open review.', labels: ['reason'] },
    backlog_readable: { help: '1 when the database could be queried for waiting work, 0 when not.' },
  }
  group.gauges(described, async (gauges) => {
    const backlog = await withTimeout(readBacklog(pool))
    gauges.backlog_readable.set(backlog === undefined ? 0 : 1)
    if (backlog === undefined) return
    const of = (kind: string): { count: number; ageS: number } =>
      backlog.find((row) => row.kind === kind) ?? { count: 0, ageS: 0 }
    gauges.outbox_batches.set(of('outbox').count)
    gauges.outbox_age_seconds.set(of('outbox').ageS)
    gauges.parked_deliveries.set(of('parked').count)
    gauges.parked_age_seconds.set(of('parked').ageS)
    gauges.unverified_deliveries.set(of('unverified').count)
    gauges.unverified_age_seconds.set(of('unverified').ageS)
    gauges.rejected_requests.set(of('rejected').count)
    gauges.rejected_age_seconds.set(of('rejected').ageS)
    gauges.change_feed_waiting.set(of('change').count)
    gauges.change_feed_age_seconds.set(of('change').ageS)
    gauges.outgoing_webhooks_pending.set(of('outgoing').count)
    gauges.outgoing_webhook_age_seconds.set(of('outgoing').ageS)
    gauges.outgoing_webhooks_dead.set(of('dead').count)
    gauges.erasures_unfinished.set(of('erasure').count)
    gauges.erasure_age_seconds.set(of('erasure').ageS)
    for (const { reason, count, ageS } of backlog.filter(({ kind }) => kind === 'review')) {
      gauges.open_reviews.set({ reason }, count)
      gauges.open_review_age_seconds.set({ reason }, ageS)
    }
  })
}

/** Shows that the daily maintenance runs: no other metric does. */
function addMaintenance(group: MetricGroup, pool: Pool): void {
  const described = {
    event_partition_days: { help: 'Days, including today, for which the events table has partitions.' },
    maintenance_age_seconds: { help: 'Time since maintenance did all of its work, or since the first migration.' },
    audit_log_signature_age_seconds: { help: 'Time since the audit log was signed; 0 when it never was.' },
  }
  group.gauges(described, async (gauges) => {
    const days = await withTimeout(readPartitionDays(pool))
    if (days !== undefined) gauges.event_partition_days.set(days)
    const maintainedS = await withTimeout(readMaintenanceAgeS(pool))
    if (maintainedS !== undefined) gauges.maintenance_age_seconds.set(maintainedS)
    const signedS = await withTimeout(readSignatureAgeS(pool))
    if (signedS !== undefined) gauges.audit_log_signature_age_seconds.set(signedS)
  })
}

/** @returns undefined when it fails or takes too long. */
const withTimeout = <T>(promise: Promise<T>): Promise<T | undefined> =>
  Promise.race([promise.catch(() => undefined), sleep(BACKLOG_TIMEOUT_MS, undefined, { ref: false })])
