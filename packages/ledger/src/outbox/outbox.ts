import { userChannel, type BusMessage } from '@paxyo/contracts'
import { transaction } from '@paxyo/database'
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
  /** Called with the time that the bus took for a batch, or when it did not take it. */
  readonly onPublish?: (durationMs: number, isTaken: boolean) => void
  /** The longest time between two drains; half a minute unless given. */
  readonly sweepIntervalMs?: number
}

export interface Outbox extends BatchOutbox {
  /** Publishes what an earlier process left behind, and from now on whatever the bus missed. */
  start(): void
  close(): Promise<void>
}

/** How many batches one transaction of a drain publishes. */
const DRAIN_BATCHES_MAX = 100
/** Everything else that starts a drain may be missed, this may not. */
const SWEEP_INTERVAL_MS = 30_000
/** Younger rows belong to a process that is publishing them at this moment. */
const OLD_ROW_AGE_MS = 2_000
const RETRY_DELAY_MS = 500
/** How often commits look for old rows. */
const LOOK_INTERVAL_MS = 1_000

/**
 * Sees to it that the bus gets every committed event. A batch is published right after its commit and its outbox row
 * goes away inside a later batch. Whatever stays behind is published by a drain: at the start, when the bus becomes
 * usable, after a publish that failed, when a commit sees old rows, and every 30 seconds. An event may be published
 * twice or after its successor; receivers go by seq.
 */
export function createOutbox({
  pool,
  publisher,
  log,
  onPublish,
  sweepIntervalMs = SWEEP_INTERVAL_MS,
}: OutboxOptions): Outbox {
  /** Batches that the bus has and whose rows are still there. */
  let published: string[] = []
  const publishing = new Set<Promise<void>>()
  /** From when on the next drain takes rows of any age. */
  let drainAnyAgeAtMs = Infinity
  let lookedAt = -Infinity
  const drainer = createWorker({
    run: drainRows,
    backstopMs: sweepIntervalMs,
    retryDelayMs: RETRY_DELAY_MS,
    onError(error) {
      log.warn({ err: error }, 'the outbox could not be drained')
      drainAnyAgeAtMs = -Infinity
    },
  })

  async function publishBatch(batchId: string, events: readonly EventRow[]): Promise<void> {
    const startedAt = performance.now()
    try {
      await publisher.publish(events)
      published.push(batchId)
      onPublish?.(performance.now() - startedAt, true)
    } catch (error) {
      onPublish?.(performance.now() - startedAt, false)
      log.warn({ err: error, events: events.length }, 'publish failed, its events wait in the outbox')
      drainSoon()
    }
  }

  function drainSoon(): void {
    // While the bus is away its return starts the drain.
    if (publisher.isReady) drain(RETRY_DELAY_MS)
  }

  /** Drains rows of any age, so long from now. */
  function drain(delayMs: number): void {
    drainAnyAgeAtMs = Math.min(drainAnyAgeAtMs, performance.now() + delayMs)
    drainer.wake(delayMs)
  }

  async function drainRows(signal: AbortSignal): Promise<void> {
    if (!publisher.isReady) return
    const isAnyAge = performance.now() >= drainAnyAgeAtMs
    if (isAnyAge) drainAnyAgeAtMs = Infinity
    const rowAgeMs = isAnyAge ? 0 : OLD_ROW_AGE_MS

    await deleteOwn()
    for (let count = DRAIN_BATCHES_MAX; count === DRAIN_BATCHES_MAX;) {
      if (signal.aborted) return
      count = await drainSome(pool, publisher, rowAgeMs)
    }
  }

  async function deleteOwn(): Promise<void> {
    if (published.length === 0) return
    const batchIds = outbox.takePublished()
    try {
      await deletePublished(pool, batchIds)
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
    isLookDue() {
      const now = performance.now()
      if (now - lookedAt < LOOK_INTERVAL_MS) return false
      lookedAt = now
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
      await drainer.close()
      await deleteOwn().catch((error: unknown) => log.warn({ err: error }, 'outbox rows stay for the next start'))
    },
  }
  return outbox
}

// One process drains at a time, so that a backlog is not published by all of them at once.
const LOCK_DRAIN = `SELECT pg_advisory_xact_lock(hashtext('paxyo outbox'))`

const READ_BATCHES = `
  SELECT batch_id, user_ids, seqs FROM outbox
  WHERE created_at <= clock_timestamp() - $1 * interval '1 millisecond'
  ORDER BY batch_id
  LIMIT $2`

const READ_EVENTS = `
  SELECT wanted.user_id, event.payload
  FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS wanted (user_id, seq, position)
  JOIN events AS event USING (user_id, seq)
  ORDER BY wanted.position`

interface BatchRow {
  readonly batch_id: string
  readonly user_ids: readonly string[]
  readonly seqs: readonly string[]
}

/**
 * Publishes a transaction's worth of batches; their rows go when the bus has them all.
 *
 * @returns how many batches were published; fewer than the limit means that no more are left.
 */
async function drainSome(pool: Pool, publisher: EventPublisher, rowAgeMs: number): Promise<number> {
  const batchIds = await transaction(
    pool,
    (client) => publishOld(client, publisher, rowAgeMs),
    (client, published) => (published.length === 0 ? [] : [deletePublished(client, published)]),
  )
  return batchIds.length
}

async function publishOld(client: PoolClient, publisher: EventPublisher, rowAgeMs: number): Promise<string[]> {
  await client.query(LOCK_DRAIN)
  const { rows: batches } = await client.query<BatchRow>(READ_BATCHES, [rowAgeMs, DRAIN_BATCHES_MAX])
  if (batches.length === 0) return []
  const { rows: events } = await client.query<{ user_id: string; payload: string }>(READ_EVENTS, [
    batches.flatMap((batch) => batch.user_ids),
    batches.flatMap((batch) => batch.seqs),
  ])
  const messages: BusMessage[] = events.map((event) => ({
    channel: userChannel(event.user_id),
    payload: event.payload,
  }))
  await publisher.publish(messages)
  return batches.map((batch) => batch.batch_id)
}
