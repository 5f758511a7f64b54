import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { refundMessage } from './refund-message.ts'
import type { PanelWebhookTarget } from './outgoing-webhook-config.ts'
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

export interface PanelWebhookOptions {
  readonly pool: Pool
  readonly target: PanelWebhookTarget
  readonly log: Logger
  /** From 0 to 1; for jitter. */
  readonly random?: () => number
}

/** Tells the panel's server of every refund, at least once. */
export interface PanelWebhook {
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
export function createPanelWebhook({ pool, target, log, random = Math.random }: PanelWebhookOptions): PanelWebhook {
  const sender = createMessageSender(target)
  const sending = new Set<Promise<void>>()
  let looking: Promise<void> | undefined
  let lookAgain = false
  /** Whether there may be refunds that are no webhooks yet. */
  let hasNews = true
  let hasBegun = false
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function look(): void {
    if (isClosed) return
    if (looking !== undefined) {
      lookAgain = true
      return
    }
    clearTimeout(timer)
    looking = lookUntilQuiet()
  }

  async function lookUntilQuiet(): Promise<void> {
    let delayMs: number
    for (;;) {
      lookAgain = false
      delayMs = await lookOnce()
      if (!lookAgain || isClosed) break
    }
    looking = undefined
    if (!isClosed) timer = setTimeout(onTimer, delayMs)
  }

  function onTimer(): void {
    hasNews = true
    look()
  }

  /** @returns when to look again, in milliseconds. */
  async function lookOnce(): Promise<number> {
    try {
      if (!hasBegun) await beginAtHead(pool)
      hasBegun = true
      await enqueueNews()
      await sendDue()
      // Whoever ends first makes room, and looks.
      if (sending.size >= CONCURRENCY) return LOOK_INTERVAL_MS
      const dueInMs = (await nextDueInMs(pool)) ?? LOOK_INTERVAL_MS
      return Math.min(Math.max(dueInMs, LOOK_DELAY_MS_MIN), LOOK_INTERVAL_MS)
    } catch (error) {
      log.warn({ err: error }, 'webhooks to the panel could not be looked for')
      hasNews = true
      return FAILED_LOOK_DELAY_MS
    }
  }

  async function enqueueNews(): Promise<void> {
    if (!hasNews || isClosed) return
    hasNews = false
    if ((await enqueueRefunds(pool)) >= ENQUEUE_MAX) {
      hasNews = true
      await enqueueNews()
    }
  }

  async function sendDue(): Promise<void> {
    const free = CONCURRENCY - sending.size
    if (free === 0 || isClosed) return
    for (const webhook of await claimDue(pool, free)) {
      const task = send(webhook).finally(() => {
        sending.delete(task)
        look()
      })
      sending.add(task)
    }
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
      isClosed = true
      clearTimeout(timer)
      await looking
      await Promise.all(sending)
      sender.close()
    },
  }
}
