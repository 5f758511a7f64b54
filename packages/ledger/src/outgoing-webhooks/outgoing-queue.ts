import { createKysely } from '@paxyo/database'
import { enqueueChanges, type Enqueued, type EnqueueDeps, type FollowingEndpoint } from './enqueue-changes.ts'
import {
  claimDue,
  makeEndpointDue,
  nextDueInMs,
  settleAttempt,
  type Attempt,
  type ClaimedWebhook,
} from './send-queue.ts'
import {
  listOutgoingWebhooks,
  readOutgoingWebhook,
  retryDeadOutgoingWebhooks,
  retryOutgoingWebhook,
  type FullOutgoingWebhookRow,
  type OutgoingWebhookFilter,
  type OutgoingWebhookRow,
} from './stored-webhooks.ts'

/** The webhooks that wait to be sent, and those that were. Each method is one transaction, which other processes may do at the same time. */
export interface OutgoingQueue {
  /** Turns the changes after an endpoint's cursor into webhooks, each change once. */
  enqueueChanges(endpoint: FollowingEndpoint): Promise<Enqueued>
  /** Claims due webhooks of an endpoint for the duration of a lease; other processes skip them. */
  claimDue(endpointId: string, limit: number): Promise<ClaimedWebhook[]>
  /** Records the result of an attempt, and when it is retried; undefined when it was the last one. */
  settle(
    webhook: Pick<ClaimedWebhook, 'webhookId' | 'attempts'>,
    attempt: Attempt,
    retryInMs: number | undefined,
  ): Promise<void>
  /** @returns the time until the next webhook of these endpoints is due; undefined when none is pending. */
  nextDueInMs(endpointIds: readonly string[]): Promise<number | undefined>
  /** Makes all failed webhooks of an endpoint due: it responds again. */
  makeEndpointDue(endpointId: string): Promise<void>
  /** @returns outgoing webhooks, the newest first. */
  list(filter: OutgoingWebhookFilter): Promise<OutgoingWebhookRow[]>
  /** @returns a webhook with its body and its attempts; undefined when it does not exist. */
  read(webhookId: string): Promise<FullOutgoingWebhookRow | undefined>
  /** Makes a webhook due, unless a newer one supersedes it. @returns the webhook; undefined when it does not exist. */
  retry(webhookId: string): Promise<OutgoingWebhookRow | undefined>
  /** Makes dead webhooks due, oldest first. */
  retryDead(): Promise<{ retried: number; hasMore: boolean }>
}

/**
 * The queue of outgoing webhooks.
 *
 * @example
 * const queue = createOutgoingQueue({ pool, log })
 * const endpoints = createWebhookEndpoints(pool)
 * const url = 'https://panel.example/webhooks'
 * await endpoints.storeEnvironment({ url, types: ['order.registered'] })
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * await appendChanges(pool)
 * const [endpoint] = await endpoints.readEnabled()
 * await queue.enqueueChanges({ ...endpoint!, types: new Set(endpoint!.types) })
 * const [webhook] = await queue.claimDue('environment', 1)
 * webhook!.subject //=> 'order A-1'
 * await queue.settle(webhook!, { delivered: true, status: 200, error: null, response: 'ok', durationMs: 7 }, undefined)
 * (await queue.read(webhook!.webhookId))!.state //=> 'delivered'
 */
export function createOutgoingQueue(deps: EnqueueDeps): OutgoingQueue {
  const { pool } = deps
  const db = createKysely(pool)
  return {
    enqueueChanges: (endpoint) => enqueueChanges(deps, endpoint),
    claimDue: (endpointId, limit) => claimDue(pool, endpointId, limit),
    settle: (webhook, attempt, retryInMs) => settleAttempt(pool, webhook, attempt, retryInMs),
    nextDueInMs: (endpointIds) => nextDueInMs(pool, endpointIds),
    makeEndpointDue: (endpointId) => makeEndpointDue(pool, endpointId),
    list: (filter) => listOutgoingWebhooks(db, filter),
    read: (webhookId) => readOutgoingWebhook(db, webhookId),
    retry: (webhookId) => retryOutgoingWebhook(db, webhookId),
    retryDead: () => retryDeadOutgoingWebhooks(db),
  }
}
