/**
 * Reports receipts to webhook-ingest, which stores them: a gateway has no right to.
 *
 * It guarantees that each batch is retried until webhook-ingest acknowledges its commit, as long as this process runs.
 * Receipts can be lost: those that are not acknowledged when the process ends, and those of further users while receipts of
 * 100,000 users wait (`pending-receipts.ts`). The next receipt of the same user includes them, because receipts are cumulative.
 *
 * How: once a second, in batches, one after the other. Receipts that cannot be sent are merged with later ones, so that an
 * outage of the bus takes no more memory than one entry for each user who was connected during it.
 */

import type { GatewayMessage } from '@paxyo/contracts'
import { randomUUID } from 'node:crypto'
import type { PendingReceipts } from './pending-receipts.ts'

export interface ReceiptSenderOptions {
  readonly gatewayId: string
  readonly pending: PendingReceipts
  /** Has `pending` take what was sent since the last report. */
  readonly reportSent: () => void
  readonly findIngest: () => string | undefined
  readonly send: (ingestId: string, message: GatewayMessage) => Promise<void>
  readonly now: () => number
}

export interface ReceiptSender {
  /** Batches that were not acknowledged in time and were retried. */
  readonly retries: number
  /** For how long receipts have been waiting to be stored. */
  readonly waitingMs: number
  /** webhook-ingest has committed a batch. */
  stored(batchId: string): void
  /** Sends what is left, once. */
  close(): Promise<void>
}

const SEND_INTERVAL_MS = 1_000
const USERS_PER_BATCH_MAX = 1_000
const STORED_TIMEOUT_MS = 5_000

type Taken = ReturnType<PendingReceipts['take']>

export function startReceiptSender(options: ReceiptSenderOptions): ReceiptSender {
  const { gatewayId, pending, reportSent, findIngest, send, now } = options
  let unacknowledged: { readonly batchId: string; readonly taken: Taken; readonly sentAt: number } | undefined
  let retries = 0
  let idleAt = now()

  function sendNext(): void {
    reportSent()
    if (pending.size === 0 && unacknowledged === undefined) idleAt = now()
    if (unacknowledged !== undefined) {
      if (now() - unacknowledged.sentAt < STORED_TIMEOUT_MS) return
      pending.restore(unacknowledged.taken)
      unacknowledged = undefined
      retries += 1
    }
    const ingestId = findIngest()
    if (pending.size === 0 || ingestId === undefined) return
    const batchId = randomUUID()
    const taken = pending.take(USERS_PER_BATCH_MAX)
    unacknowledged = { batchId, taken, sentAt: now() }
    void send(ingestId, { type: 'receipts', gatewayId, batchId, ...pending.toBatch(taken) })
  }

  const timer = setInterval(sendNext, SEND_INTERVAL_MS)

  return {
    get retries() {
      return retries
    },
    get waitingMs() {
      return now() - idleAt
    },
    stored(batchId) {
      if (unacknowledged?.batchId !== batchId) return
      unacknowledged = undefined
      idleAt = now()
      if (pending.size >= USERS_PER_BATCH_MAX) sendNext()
    },
    async close() {
      clearInterval(timer)
      reportSent()
      if (unacknowledged !== undefined) pending.restore(unacknowledged.taken)
      const ingestId = findIngest()
      if (ingestId === undefined) return
      while (pending.size > 0) {
        const batch = pending.toBatch(pending.take(USERS_PER_BATCH_MAX))
        await send(ingestId, { type: 'receipts', gatewayId, batchId: randomUUID(), ...batch })
      }
    },
  }
}
