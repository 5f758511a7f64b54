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

/** Tells the panel's server of every refund, at least once. */
export interface OutgoingWebhook {
  readonly start: () => void
  /** Told when this process has committed refunds. */
  readonly refundsCommitted: () => void
  /** Told when webhooks may have become due, such as by a person's wish. */
  readonly wake: () => void
  /** Waits for what is being sent. What is due stays for others, or for the next start. */
  close(): Promise<void>
}

/** How many webhooks are sent at once: a panel is often one small machine. */
const CONCURRENCY = 8
/** The backstop: whatever else starts a look may be missed, as when a process died; this may not. */
const LOOK_INTERVAL_MS = 30_000
const LOOK_DELAY_MS_MIN = 20
const FAILED_LOOK_DELAY_MS = 1_000

/**
 * Sends when told that refunds were committed, when the next one is due, and every 30 seconds. What is sent is claimed
 * in the database first, so that processes share the work; the claims of one that died end by themselves.
 */
export function createOutgoingWebhook({
  pool,
  target,
  log,
  random = Math.random,
}: OutgoingWebhookOptions): OutgoingWebhook {
  const sender = createMessageSender(target)
  const sending = new Set<Promise<void>>()
  /** Whether there may be refunds that are no webhooks yet. */
  let hasNews = true
  let newsReadAtMs = -Infinity
  let hasBegun = false
  const worker = createWorker({
    run: sendDue,
    backstopMs: LOOK_INTERVAL_MS,
    retryDelayMs: FAILED_LOOK_DELAY_MS,
    onError(error) {
      log.warn({ err: error }, 'webhooks to the panel could not be looked for')
      hasNews = true
    },
  })

  function look(): void {
    worker.wake()
  }

  /** @returns when to look again, in milliseconds. */
  async function sendDue(signal: AbortSignal): Promise<number> {
    if (!hasBegun) await beginAtHead(pool)
    hasBegun = true
    await enqueueNews(signal)
    const free = CONCURRENCY - sending.size
    if (free > 0 && !signal.aborted) for (const webhook of await claimDue(pool, free)) startSending(webhook)
    const newsInMs = newsReadAtMs + LOOK_INTERVAL_MS - performance.now()
    // Without room, whichever ends first makes some, and looks.
    const dueInMs = sending.size < CONCURRENCY ? await nextDueInMs(pool) : undefined
    return Math.max(Math.min(dueInMs ?? newsInMs, newsInMs), LOOK_DELAY_MS_MIN)
  }

  async function enqueueNews(signal: AbortSignal): Promise<void> {
    if (performance.now() - newsReadAtMs >= LOOK_INTERVAL_MS) hasNews = true
    while (hasNews && !signal.aborted) {
      hasNews = false
      newsReadAtMs = performance.now()
      if ((await enqueueRefunds(pool)) >= ENQUEUE_MAX) hasNews = true
    }
  }

  function startSending(webhook: ClaimedWebhook): void {
    const task = send(webhook).finally(() => {
      sending.delete(task)
      look()
    })
    sending.add(task)
  }

  async function send(webhook: ClaimedWebhook): Promise<void> {
    const { refund, attempts } = webhook
    const attempt = await sender.send(refundMessage(refund), Date.now())
    const retryInMs = attempt.delivered ? undefined : retryDelayMs(attempts, random())
    const facts = { refundId: refund.refundId, orderId: refund.orderId, attempts, status: attempt.status }
    if (attempt.delivered) log.info(facts, 'panel told of a refund')
    else if (retryInMs === undefined)
      log.error({ ...facts, error: attempt.error }, 'panel could not be told of a refund')
    else log.warn({ ...facts, error: attempt.error, retryInMs }, 'panel not told of a refund, will be tried again')
    try {
      await settleAttempt(pool, webhook, attempt, retryInMs)
    } catch (error) {
      log.warn({ err: error, ...facts }, 'an attempt was not written down; its webhook is sent again')
    }
  }

  return {
    start: look,
    refundsCommitted() {
      hasNews = true
      look()
    },
    wake: look,
    async close() {
      await worker.close()
      await Promise.all(sending)
      sender.close()
    },
  }
}
