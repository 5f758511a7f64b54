/**
 * Outgoing webhooks: changes, sent to the endpoints of the panel.
 *
 * Guarantees: every change of an endpoint's types reaches it at least once, with the same `webhook-id` and body in every
 * attempt, in the order of the changes of each order and account. A webhook that failed is superseded by a newer one with
 * the whole state of the same order or account; otherwise later ones wait for it. So a receiver that writes what it gets
 * ends with our state.
 *
 * How: each endpoint has a cursor in the changes feed. Changes after it become rows of a queue, with the cursor moved in
 * the same transaction. A process claims rows before it sends them, so that processes share the work, and the claims of
 * one that died expire. An endpoint that fails gets one attempt at a time, so that it does not delay others, and all its
 * webhooks at once as soon as it responds again. Without endpoints nothing is done but to look for them.
 */

import {
  type ChangeFeed,
  type ClaimedWebhook,
  type OutgoingQueue,
  type WebhookEndpoints,
  retryDelayMs,
} from '@paxyo/ledger'
import { createWorker } from '@paxyo/service-kit'
import type { Logger } from 'pino'
import { readEndpoints, type Endpoint } from './endpoints.ts'
import type { OutgoingWebhookSettings } from './outgoing-webhook-config.ts'
import { createMessageSender, type MessageSender } from './send-message.ts'
import { warnOfEndpoint } from './send-ping.ts'

export interface OutgoingWebhooksOptions {
  readonly queue: OutgoingQueue
  readonly endpoints: WebhookEndpoints
  readonly settings: OutgoingWebhookSettings
  readonly changeFeed: Pick<ChangeFeed, 'onGrown'>
  readonly log: Logger
  /** Called with the result of each attempt. */
  readonly onAttempt?: (isDelivered: boolean, durationMs: number) => void
  /** Called after an attempt is recorded that failed, with the error, or that was delivered as a retry or after a failure. */
  readonly onEndpointChanged?: (endpointId: string, error: string | undefined) => void
  /** From 0 to 1; for jitter. */
  readonly random?: () => number
}

export interface OutgoingWebhooks {
  /** Called when endpoints were changed, or webhooks have become due, such as by a manual retry. */
  readonly wake: () => void
  /** Waits for attempts in progress. Due webhooks stay in the queue. */
  close(): Promise<void>
}

/** Concurrent attempts for each endpoint; few, because a panel is often one small machine. */
const CONCURRENCY = 8
/** From so many failures in a row an endpoint gets one attempt at a time. */
const FAILING_FROM = 3
/** The worker polls at least this often, because a process that dies, or makes an endpoint, wakes no other. */
const POLL_INTERVAL_MS = 30_000
const POLL_DELAY_MS_MIN = 20
const FAILED_POLL_DELAY_MS = 1_000

/** What this process knows of an endpoint, besides its row. */
interface Sending {
  readonly sender: MessageSender
  /** Of the endpoint's target: another one needs another sender. */
  readonly targetKey: string
  readonly tasks: Set<Promise<void>>
  failuresInRow: number
}

/** Sends from now on. */
export function createOutgoingWebhooks(options: OutgoingWebhooksOptions): OutgoingWebhooks {
  const { queue, settings, changeFeed, log, random = Math.random } = options
  const sendingById = new Map<string, Sending>()
  let hasStored = false
  let stopListening: (() => void) | undefined

  const worker = createWorker({
    run,
    backstopMs: POLL_INTERVAL_MS,
    retryDelayMs: FAILED_POLL_DELAY_MS,
    onError: (err) => log.warn({ err }, 'outgoing webhook poll failed'),
  })

  /** @returns the time until the next poll, in milliseconds. */
  async function run(signal: AbortSignal): Promise<number | undefined> {
    if (!hasStored) {
      await options.endpoints.storeEnvironment(settings.endpoint)
      void warnOfEndpoint(settings, log)
    }
    hasStored = true
    const endpoints = await readEndpoints(options.endpoints, settings)
    listenWhile(endpoints.length > 0)
    closeUnused(new Set(endpoints.map(({ endpointId }) => endpointId)))
    if (endpoints.length === 0) return undefined
    for (const endpoint of endpoints) await enqueueAll(endpoint, signal)
    for (const endpoint of endpoints) await startDue(endpoint, signal)
    const free = endpoints.filter((endpoint) => freeOf(sendingOf(endpoint)) > 0).map(({ endpointId }) => endpointId)
    // At the limit, the first attempt that ends polls again.
    const dueInMs = free.length === 0 ? undefined : await queue.nextDueInMs(free)
    return dueInMs === undefined ? undefined : Math.max(dueInMs, POLL_DELAY_MS_MIN)
  }

  function listenWhile(hasEndpoints: boolean): void {
    if (hasEndpoints) stopListening ??= changeFeed.onGrown(() => worker.wake())
    else {
      stopListening?.()
      stopListening = undefined
    }
  }

  async function enqueueAll(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    let { position } = endpoint
    for (let hasMore = true; hasMore && !signal.aborted;) {
      ;({ position, hasMore } = await queue.enqueueChanges({ ...endpoint, position }))
    }
  }

  async function startDue(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const sending = sendingOf(endpoint)
    const free = freeOf(sending)
    if (free === 0 || signal.aborted) return
    for (const webhook of await queue.claimDue(endpoint.endpointId, free)) {
      const task = send(sending, webhook).finally(() => {
        sending.tasks.delete(task)
        worker.wake()
      })
      sending.tasks.add(task)
    }
  }

  async function send(sending: Sending, webhook: ClaimedWebhook): Promise<void> {
    const { webhookId: id, body, attempts, endpointId, type, subject } = webhook
    const attempt = await sending.sender.send({ id, body }, Date.now())
    options.onAttempt?.(attempt.delivered, attempt.durationMs)
    const retryInMs = attempt.delivered ? undefined : retryDelayMs(settings.retryDelaysMs, attempts, random())
    const facts = { webhookId: id, endpointId, type, subject, attempts, status: attempt.status }
    if (attempt.delivered) log.info(facts, 'outgoing webhook delivered')
    else if (retryInMs === undefined) log.error({ ...facts, error: attempt.error }, 'outgoing webhook dead')
    else log.warn({ ...facts, error: attempt.error, retryInMs }, 'outgoing webhook failed, retry scheduled')
    const isBack = attempt.delivered && sending.failuresInRow > 0
    sending.failuresInRow = attempt.delivered ? 0 : sending.failuresInRow + 1
    const hasNews = isBack || !attempt.delivered || webhook.isRetry
    try {
      await queue.settle(webhook, attempt, retryInMs)
      if (isBack) await queue.makeEndpointDue(endpointId)
      // After the commit, because pages then read the queue.
      if (hasNews) options.onEndpointChanged?.(endpointId, attempt.error ?? undefined)
    } catch (error) {
      log.warn({ err: error, ...facts }, 'outgoing webhook attempt not recorded')
    }
  }

  function sendingOf({ endpointId, target }: Endpoint): Sending {
    const targetKey = JSON.stringify([
      target.url,
      target.ca,
      target.isInsecure,
      target.keys.map((key) => key.toString('hex')),
    ])
    const known = sendingById.get(endpointId)
    if (known?.targetKey === targetKey) return known
    known?.sender.close()
    const sending: Sending = {
      sender: createMessageSender(target),
      targetKey,
      tasks: known?.tasks ?? new Set(),
      failuresInRow: 0,
    }
    sendingById.set(endpointId, sending)
    return sending
  }

  function closeUnused(used: ReadonlySet<string>): void {
    for (const [endpointId, { sender, tasks }] of sendingById) {
      if (used.has(endpointId) || tasks.size > 0) continue
      sender.close()
      sendingById.delete(endpointId)
    }
  }

  worker.wake()
  return {
    wake: () => worker.wake(),
    async close() {
      listenWhile(false)
      await worker.close()
      await Promise.all([...sendingById.values()].map(({ tasks }) => Promise.all(tasks)))
      for (const { sender } of sendingById.values()) sender.close()
    },
  }
}

const freeOf = ({ tasks, failuresInRow }: Sending): number =>
  Math.max(0, (failuresInRow >= FAILING_FROM ? 1 : CONCURRENCY) - tasks.size)
