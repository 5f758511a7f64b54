import { createWorker } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { refundMessage } from './refund-message.ts'
import type { OutgoingWebhookTarget } from './outgoing-webhook-config.ts'
import { retryDelayMs } from './retry-schedule.ts'
import { createMessageSender } from './send-message.ts'
import {
  beginAtHead,
  claimDue,
  ENQUEUE_MAX,
  enqueueRefunds,
  nextDueInMs,
  settleAttempt,
  type ClaimedWebhook,
} from './outgoing-queue.ts'

export interface OutgoingWebhookOptions {
  readonly pool: Pool
  readonly target: OutgoingWebhookTarget
  readonly log: Logger
  /** From 0 to 1; for jitter. */
  readonly random?: () => number
}

/** Sends webhooks about refunds to the panel's server, each at least once. */
export interface OutgoingWebhook {
  readonly start: () => void
  /** Called when this process has committed refunds. */
  readonly refundsCommitted: () => void
  /** Called when webhooks may have become due, such as by a manual retry. */
  readonly wake: () => void
  /** Waits for attempts in progress. Due webhooks stay in the queue. */
  close(): Promise<void>
}

/** Concurrent attempts; few, because a panel is often one small machine. */
const CONCURRENCY = 8
/** The worker polls at least this often, because a process that dies wakes no other. */
const POLL_INTERVAL_MS = 30_000
const POLL_DELAY_MS_MIN = 20
const FAILED_POLL_DELAY_MS = 1_000

/**
 * Sends webhooks after `refundsCommitted`, when the next one is due, and every 30 seconds. A process claims webhooks in
 * the database before it sends them, so that processes share the work; the claims of a process that died expire.
 */
export function createOutgoingWebhook({
  pool,
  target,
  log,
  random = Math.random,
}: OutgoingWebhookOptions): OutgoingWebhook {
  const sender = createMessageSender(target)
  const sending = new Set<Promise<void>>()
  /** Whether there may be refunds without a webhook. */
  let mayHaveNewRefunds = true
  let enqueuedAtMs = -Infinity
  let hasBegun = false
  const worker = createWorker({
    run: sendDue,
    backstopMs: POLL_INTERVAL_MS,
    retryDelayMs: FAILED_POLL_DELAY_MS,
    onError(error) {
      log.warn({ err: error }, 'outgoing webhook poll failed')
      mayHaveNewRefunds = true
    },
  })

  function poll(): void {
    worker.wake()
  }

  /** @returns the time until the next poll, in milliseconds. */
  async function sendDue(signal: AbortSignal): Promise<number> {
    if (!hasBegun) await beginAtHead(pool)
    hasBegun = true
    await enqueueNewRefunds(signal)
    const free = CONCURRENCY - sending.size
    if (free > 0 && !signal.aborted) for (const webhook of await claimDue(pool, free)) startSending(webhook)
    const enqueueInMs = enqueuedAtMs + POLL_INTERVAL_MS - performance.now()
    // At the limit, the first attempt that ends polls again.
    const dueInMs = sending.size < CONCURRENCY ? await nextDueInMs(pool) : undefined
    return Math.max(Math.min(dueInMs ?? enqueueInMs, enqueueInMs), POLL_DELAY_MS_MIN)
  }

  async function enqueueNewRefunds(signal: AbortSignal): Promise<void> {
    if (performance.now() - enqueuedAtMs >= POLL_INTERVAL_MS) mayHaveNewRefunds = true
    while (mayHaveNewRefunds && !signal.aborted) {
      mayHaveNewRefunds = false
      enqueuedAtMs = performance.now()
      if ((await enqueueRefunds(pool)) >= ENQUEUE_MAX) mayHaveNewRefunds = true
    }
  }

  function startSending(webhook: ClaimedWebhook): void {
    const task = send(webhook).finally(() => {
      sending.delete(task)
      poll()
    })
    sending.add(task)
  }

  async function send(webhook: ClaimedWebhook): Promise<void> {
    const { refund, attempts } = webhook
    const attempt = await sender.send(refundMessage(refund), Date.now())
    const retryInMs = attempt.delivered ? undefined : retryDelayMs(attempts, random())
    const facts = { refundId: refund.refundId, orderId: refund.orderId, attempts, status: attempt.status }
    if (attempt.delivered) log.info(facts, 'outgoing webhook delivered')
    else if (retryInMs === undefined) log.error({ ...facts, error: attempt.error }, 'outgoing webhook dead')
    else log.warn({ ...facts, error: attempt.error, retryInMs }, 'outgoing webhook failed, retry scheduled')
    try {
      await settleAttempt(pool, webhook, attempt, retryInMs)
    } catch (error) {
      log.warn({ err: error, ...facts }, 'outgoing webhook attempt not recorded')
    }
  }

  return {
    start: poll,
    refundsCommitted() {
      mayHaveNewRefunds = true
      poll()
    },
    wake: poll,
    async close() {
      await worker.close()
      await Promise.all(sending)
      sender.close()
    },
  }
}
