/**
 * The transactional outbox.
 *
 * Guarantees: the bus receives every committed event at least once, whatever fails between COMMIT and publish: this
 * process, the bus, or the connection to either. An event may be published twice or after its successor; receivers
 * restore the order by seq.
 *
 * How: every transaction inserts an outbox row for its events. After the commit the batch is published, and a later batch
 * deletes its row, or a separate statement when none follows at once: gateways take a row that stays for a missing
 * event. A drain publishes the rows that remain: at the start, when the bus becomes ready, after a failed
 * publish, when a commit sees rows older than two seconds, and every 30 seconds. An advisory lock lets one process drain
 * at a time.
 *
 * Without it a crash or a Redis outage right after a commit loses events on the bus: users see a change only after their
 * next reconnect or the gateway's next backfill.
 */

import { userChannel, type BusMessage } from '@paxyo/contracts'
import { storedPayload, transaction, type StoredEvent } from '@paxyo/database'
import type { EventPublisher } from '@paxyo/event-bus'
import { createWorker } from '@paxyo/service-kit'
import type { Pool, PoolClient } from 'pg'
import type { Logger } from 'pino'
import type { EventRow } from '../model/change-set.ts'
import type { BatchOutbox } from '../transaction/commit-change-set.ts'
import { deletePublished } from '../transaction/delete-published.ts'

export interface OutboxOptions {
  readonly pool: Pool
  readonly publisher: EventPublisher
  readonly log: Logger
  /** Called with the duration of each publish, and whether the bus accepted the batch. */
  readonly onPublish?: (durationMs: number, isAccepted: boolean) => void
  /** The maximum time between two drains (30 s). */
  readonly sweepIntervalMs?: number
  /** The age from which a sweep publishes rows: other processes are still publishing younger ones (2 s). */
  readonly sweepRowAgeMs?: number
}

export interface Outbox extends BatchOutbox {
  /** Publishes the rows of earlier processes, and from now on every batch that the bus has missed. */
  start(): void
  close(): Promise<void>
}

/** The maximum number of batches that one transaction of a drain publishes. */
const DRAIN_BATCHES_MAX = 100
/** The maximum time between two drains, in case every other trigger of a drain was missed. */
const SWEEP_INTERVAL_MS = 30_000
/** A regular drain leaves younger rows out: the process that wrote them is still publishing their events. */
const OLD_ROW_AGE_MS = 2_000
const RETRY_DELAY_MS = 500
/** How long the row of a published batch waits for another batch to delete it. Gateways wait longer. */
const DELETE_AFTER_MS = 150
/** The interval at which commits check for old rows. */
const CHECK_INTERVAL_MS = 1_000

/**
 * Publishes batches after their commit, and drains the rows that remain.
 *
 * @example
 * const publisher = createInProcessBus().connectPublisher()
 * const outbox = createOutbox({ pool, publisher, log })
 * outbox.start()
 * const [registered] = await commitChangeSet({ pool, outbox, newId }, (tx) => registerOrders(tx, [order]))
 * typeof registered === 'object' && registered.seq //=> 1
 * await outbox.close()
 */
export function createOutbox({
  pool,
  publisher,
  log,
  onPublish,
  sweepIntervalMs = SWEEP_INTERVAL_MS,
  sweepRowAgeMs = OLD_ROW_AGE_MS,
}: OutboxOptions): Outbox {
  /** Published batches whose rows still exist. */
  let published: string[] = []
  const publishing = new Set<Promise<void>>()
  /** The time from which the next drain takes rows of any age. */
  let drainAnyAgeAtMs = Infinity
  let checkedAt = -Infinity
  let deletion: NodeJS.Timeout | undefined
  const drainer = createWorker({
    run: drainRows,
    backstopMs: sweepIntervalMs,
    retryDelayMs: RETRY_DELAY_MS,
    onError(error) {
      log.warn({ err: error }, 'outbox drain failed')
      drainAnyAgeAtMs = -Infinity
    },
  })

  async function publishBatch(batchId: string, events: readonly EventRow[]): Promise<void> {
    const startedAt = performance.now()
    try {
      await publisher.publish(events)
      published.push(batchId)
      deletion ??= setTimeout(deleteLater, DELETE_AFTER_MS)
      onPublish?.(performance.now() - startedAt, true)
    } catch (error) {
      onPublish?.(performance.now() - startedAt, false)
      log.warn({ err: error, events: events.length }, 'publish failed, events kept in the outbox')
      drainSoon()
    }
  }

  function drainSoon(): void {
    // While the bus is down, its reconnect starts the drain.
    if (publisher.isReady) drain(RETRY_DELAY_MS)
  }

  /** Drains rows of any age, after a delay. */
  function drain(delayMs: number): void {
    drainAnyAgeAtMs = Math.min(drainAnyAgeAtMs, performance.now() + delayMs)
    drainer.wake(delayMs)
  }

  async function drainRows(signal: AbortSignal): Promise<void> {
    if (!publisher.isReady) return
    const isAnyAge = performance.now() >= drainAnyAgeAtMs
    if (isAnyAge) drainAnyAgeAtMs = Infinity
    const rowAgeMs = isAnyAge ? 0 : sweepRowAgeMs

    await deleteOwn()
    for (let count = DRAIN_BATCHES_MAX; count === DRAIN_BATCHES_MAX;) {
      if (signal.aborted) return
      count = await drainSome(pool, publisher, rowAgeMs)
    }
  }

  function deleteLater(): void {
    deletion = undefined
    deleteOwn().catch((error: unknown) => log.warn({ err: error }, 'outbox rows not deleted, kept for the next batch'))
  }

  async function deleteOwn(): Promise<void> {
    if (published.length === 0) return
    const batchIds = outbox.takePublished()
    try {
      await pool.query(deletePublished(batchIds))
    } catch (error) {
      outbox.returnPublished(batchIds)
      throw error
    }
  }

  const outbox: Outbox = {
    start() {
      publisher.onReady(() => drain(0))
      drainer.wake(sweepIntervalMs)
    },
    publish(batchId, events) {
      const task = publishBatch(batchId, events).finally(() => publishing.delete(task))
      publishing.add(task)
    },
    isCheckDue() {
      const now = performance.now()
      if (now - checkedAt < CHECK_INTERVAL_MS) return false
      checkedAt = now
      return true
    },
    sawOldRows: () => drainer.wake(),
    outcomeUnknown: drainSoon,
    takePublished() {
      const taken = published
      published = []
      return taken
    },
    returnPublished(batchIds) {
      published.push(...batchIds)
    },
    async close() {
      await Promise.all(publishing)
      clearTimeout(deletion)
      await drainer.close()
      await deleteOwn().catch((error: unknown) => log.warn({ err: error }, 'outbox rows kept for the next start'))
    },
  }
  return outbox
}

// One process drains at a time, so that a backlog is not published by all processes at once.
const LOCK_DRAIN = `SELECT pg_advisory_xact_lock(hashtext('paxyo outbox'))`

const READ_BATCHES = `
  SELECT batch_id, user_ids, seqs FROM outbox
  WHERE created_at <= clock_timestamp() - $1 * interval '1 millisecond'
  ORDER BY batch_id
  LIMIT $2`

const READ_EVENTS = `
  SELECT wanted.user_id, event.seq, event.at, event.payload, event.compact
  FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS wanted (user_id, seq, position)
  JOIN events AS event USING (user_id, seq)
  ORDER BY wanted.position`

interface BatchRow {
  readonly batch_id: string
  readonly user_ids: readonly string[]
  readonly seqs: readonly string[]
}

/**
 * Publishes up to {@link DRAIN_BATCHES_MAX} batches, and deletes their rows in the same transaction.
 *
 * @returns how many batches were published; fewer than the limit means that no more are left.
 */
async function drainSome(pool: Pool, publisher: EventPublisher, rowAgeMs: number): Promise<number> {
  const batchIds = await transaction(
    pool,
    (client) => publishOld(client, publisher, rowAgeMs),
    (client, published) => (published.length === 0 ? [] : [client.query(deletePublished(published))]),
  )
  return batchIds.length
}

async function publishOld(client: PoolClient, publisher: EventPublisher, rowAgeMs: number): Promise<string[]> {
  await client.query(LOCK_DRAIN)
  const { rows: batches } = await client.query<BatchRow>(READ_BATCHES, [rowAgeMs, DRAIN_BATCHES_MAX])
  if (batches.length === 0) return []
  const { rows: events } = await client.query<StoredEvent & { user_id: string }>(READ_EVENTS, [
    batches.flatMap((batch) => batch.user_ids),
    batches.flatMap((batch) => batch.seqs),
  ])
  const messages: BusMessage[] = events.map((event) => ({
    channel: userChannel(event.user_id),
    payload: storedPayload(event),
  }))
  await publisher.publish(messages)
  return batches.map((batch) => batch.batch_id)
}
