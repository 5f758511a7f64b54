/** A mechanism to remove, and the tests that must then fail. */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** Test files, as Jest's path patterns. */
  readonly tests: readonly string[]
}

const INGEST = 'services/webhook-ingest'
const LEDGER = 'packages/ledger'
const GATEWAY = 'services/ws-gateway'
const CLIENT = 'packages/browser-client'

/** Each removes one mechanism that a guarantee depends on. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'accounts are locked in no particular order',
    file: `${LEDGER}/src/transaction/read-working-set.ts`,
    find: 'ORDER BY user_id',
    replace: 'ORDER BY random()',
    tests: [`${LEDGER}/test/deliveries`],
  },
  {
    name: 'accounts are not locked',
    file: `${LEDGER}/src/transaction/read-working-set.ts`,
    find: 'ORDER BY user_id\n  FOR NO KEY UPDATE',
    replace: 'ORDER BY user_id',
    tests: [`${LEDGER}/test/deliveries`],
  },
  {
    name: 'one provider for the whole batch',
    file: `${LEDGER}/src/deliveries/commit-deliveries.ts`,
    find: 'deliveries.flatMap(({ provider, update }) =>',
    replace: 'deliveries.flatMap(({ update }, _index, [{ provider }]) =>',
    tests: [`${LEDGER}/test/deliveries/several-providers`],
  },
  {
    name: 'orders of two providers with the same id are one order',
    file: `${LEDGER}/src/model/provider-order.ts`,
    find: 'return `${provider}\\n${providerOrderId}`',
    replace: 'return providerOrderId',
    tests: [`${LEDGER}/test/deliveries/several-providers`],
  },
  {
    name: 'the ledger has no fence',
    file: 'packages/database/src/migrations/baseline/accounts-and-orders.ts',
    find: 'UNIQUE (order_id, refunded_before)',
    replace: 'UNIQUE (entry_id, refunded_before)',
    tests: ['packages/database/test/constraints'],
  },
  {
    name: "COMMIT's tag is not checked",
    file: 'packages/database/src/transaction.ts',
    find: "if (result.command !== 'COMMIT')",
    replace: "if (result.command === 'NEVER')",
    tests: ['packages/database/test/transaction'],
  },
  {
    name: 'a registration does not wait for its webhooks',
    file: `${LEDGER}/src/deliveries/commit-deliveries.ts`,
    find: 'lockProviderOrders(client, orders),',
    replace: 'undefined,',
    tests: [`${LEDGER}/test/deliveries/commit-deliveries`],
  },
  {
    name: 'a webhook that its provider contradicts is paid',
    file: `${LEDGER}/src/deliveries/apply-delivery.ts`,
    find: "return isVerified(order, decision, verification.update) ? undefined : 'provider_disagrees'",
    replace: 'return undefined',
    tests: [`${LEDGER}/test/deliveries`],
  },
  {
    name: 'a verification is applied twice',
    file: `${LEDGER}/src/deliveries/apply-delivery.ts`,
    find: 'return !awaitingDeliveryIds.has(deliveryId)',
    replace: 'return false',
    tests: [`${LEDGER}/test/deliveries`],
  },
  {
    name: 'a webhook that awaits provider verification does not wake it',
    file: `${INGEST}/src/ingest.ts`,
    find: 'if (awaiting.length > 0) verification.wake()',
    replace: '',
    tests: [`${INGEST}/test/workers/verification-of-many`],
  },
  {
    name: 'orders with a recent delivery are reconciled',
    file: `${LEDGER}/src/reconcile/find-orders.ts`,
    find: 'AND received_at >= clock_timestamp()',
    replace: 'AND received_at < clock_timestamp()',
    tests: [`${INGEST}/test/workers/reconcile.integration`],
  },
  {
    name: 'a silent order is asked about in every run',
    file: `${LEDGER}/src/reconcile/find-orders.ts`,
    find: 'least((clock_timestamp() - updated_at) / 2',
    replace: "least(interval '0'",
    tests: [`${INGEST}/test/workers/scheduled-reconcile`],
  },
  {
    name: 'several processes reconcile at once',
    file: `${LEDGER}/src/reconcile/reconcile-runs.ts`,
    find: 'mayBeLocked = rows[0]!.is_locked',
    replace: 'mayBeLocked = true',
    tests: [`${LEDGER}/test/reconcile/reconcile-runs`, `${INGEST}/test/workers/scheduled-reconcile`],
  },
  {
    name: 'a refund above the limit is paid at once',
    file: 'packages/order-core/src/refund-approval.ts',
    find: 'refunded > limit)',
    replace: 'refunded > limit + limit + limit)',
    tests: [`${INGEST}/test/panel-api/reviews/refund-approval`],
  },
  {
    name: 'an approval pays another amount than the one that was seen',
    file: `${LEDGER}/src/reviews/resolve-review.ts`,
    find: 'proposed === undefined || proposed.refund !== refund',
    replace: 'proposed === undefined',
    tests: [`${INGEST}/test/panel-api/reviews/refund-approval`],
  },
  {
    name: 'a dismissed refund is paid by the approval of a later one',
    file: `${LEDGER}/src/reviews/resolve-review.ts`,
    find: 'const clearing = clearWaitingUpdates(tx.client, reviewId)',
    replace: 'const clearing = undefined',
    tests: [`${INGEST}/test/panel-api/reviews/refund-approval`],
  },
  {
    name: 'a replayed word dismisses a review about another one',
    file: `${LEDGER}/src/reviews/unknown-word.ts`,
    find: 'AND other.received_at >= opening.received_at AND',
    replace: 'AND false AND',
    tests: [`${INGEST}/test/panel-api/reviews/replay-word`],
  },
  {
    name: 'the outbox is not drained at the start',
    file: `${LEDGER}/src/outbox/outbox.ts`,
    find: 'publisher.onReady(() => drain(0))',
    replace: '',
    tests: [`${LEDGER}/test/outbox`],
  },
  {
    name: 'the gateway does not wait for the subscription',
    file: `${GATEWAY}/src/stream/subscriptions.ts`,
    find: 'await Promise.race([acknowledged, silence()])',
    replace: 'stream.isSubscribed = true',
    tests: [`${GATEWAY}/test/stream/subscription`],
  },
  {
    name: 'an event is forwarded twice',
    file: `${GATEWAY}/src/stream/sequencer.ts`,
    find: 'if (this.#last !== undefined && seq <= this.#last) return []',
    replace: 'if (this.#last !== undefined && seq <= this.#last) return [bytes]',
    tests: [`${GATEWAY}/test/stream/sequencer`, `${GATEWAY}/test/socket/socket-server`],
  },
  {
    name: 'a gap is not backfilled',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'if (isMissing) void backfill(stream)',
    replace: '',
    tests: [`${GATEWAY}/test/socket/socket-server`, `${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'a busy gateway closes connections whose data it has not read yet',
    file: `${GATEWAY}/src/socket/connections.ts`,
    find: 'setImmediate(() => {',
    replace: 'queueMicrotask(() => {',
    tests: [`${GATEWAY}/test/socket/busy`],
  },
  {
    name: 'slow consumers are not disconnected',
    file: `${GATEWAY}/src/socket/connection.ts`,
    find: "if (!this.#isBeginning && unreadBytes > this.#deps.limits.bufferedBytesMax) this.close('slow_consumer')",
    replace: '',
    tests: [`${GATEWAY}/test/socket/slow-consumer`],
  },
  {
    name: 'streams are not backfilled when the bus reconnects',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'for (const stream of streams.values()) void backfill(stream)',
    replace: '',
    tests: [`${GATEWAY}/test/gateway.integration`, `${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'streams stay open when the epoch changes',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'if (epoch !== undefined) {',
    replace: 'if (false) {',
    tests: [`${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'a query result from before a restore is used',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'if (epochBefore !== epoch) return false',
    replace: '',
    tests: [`${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'clients that connect together are pinged together',
    file: `${GATEWAY}/src/socket/connection-clock.ts`,
    find: ' - random() * limits.pingIntervalMs',
    replace: '',
    tests: [`${GATEWAY}/test/socket/deadlines`],
  },
  {
    name: 'tabs forward events twice',
    file: `${CLIENT}/src/stream.ts`,
    find: "if (event.seq <= last.seq) return 'known'",
    replace: '',
    tests: [`${CLIENT}/test/stream`, `${CLIENT}/test/client`],
  },
  {
    name: 'the client connects with an expired token',
    file: `${CLIENT}/src/connection-state.ts`,
    find: 'nowMs < (state.token.expiresAtMs ?? Infinity) - TOKEN_LEFT_MS_MIN',
    replace: 'nowMs > 0',
    tests: [`${CLIENT}/test/connection-state`],
  },
  {
    name: 'a replaced leader tab keeps the lock',
    file: `${CLIENT}/src/tabs.ts`,
    find: '    releaseLock?.()\n',
    replace: '',
    tests: ['packages/browser-client/test/browser/tabs'],
  },
  {
    name: 'appends to the refund feed run concurrently',
    file: `${LEDGER}/src/refund-feed/append-refunds.ts`,
    find: `SELECT pg_advisory_xact_lock(hashtext('paxyo refund feed'))`,
    replace: 'SELECT 1',
    tests: [`${LEDGER}/test/refund-feed`],
  },
  {
    name: 'the refund feed is not in commit order',
    file: `${LEDGER}/src/refund-feed/append-refunds.ts`,
    find: 'sum(refund_count) OVER (ORDER BY feed_id)',
    replace: 'sum(refund_count) OVER (ORDER BY feed_id DESC)',
    tests: [`${LEDGER}/test/refund-feed`],
  },
  {
    name: 'every process claims an outgoing webhook',
    file: `${LEDGER}/src/outgoing-webhooks/send-queue.ts`,
    find: 'ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED',
    replace: 'ORDER BY due_at LIMIT $2',
    tests: [`${LEDGER}/test/outgoing-webhooks`],
  },
  {
    name: 'a claim on an outgoing webhook does not expire',
    file: `${LEDGER}/src/outgoing-webhooks/send-queue.ts`,
    find: `due_at = clock_timestamp() + $3 * interval '1 millisecond'`,
    replace: `due_at = clock_timestamp() + $3 * interval '1 year'`,
    tests: [`${INGEST}/test/workers/outgoing-webhooks`],
  },
  {
    name: 'outgoing webhooks of a killed process are not resumed',
    file: `${INGEST}/src/workers/outgoing-webhooks/outgoing-webhooks.ts`,
    find: '  worker.wake()\n  return {',
    replace: '  return {',
    tests: [`${INGEST}/test/workers/outgoing-webhooks/killed`],
  },
  {
    name: 'a review is resolved twice',
    file: `${LEDGER}/src/reviews/resolve-review.ts`,
    find: `if (known.review.resolved_at !== null) return 'review_resolved'`,
    replace: '',
    tests: [`${INGEST}/test/panel-api/reviews`],
  },
  {
    name: 'a replay applies an overtaken delivery',
    file: `${LEDGER}/src/deliveries/replay-deliveries.ts`,
    find: "if (isOvertaken && (outcome !== 'review' || !isHeld)) return 'overtaken'",
    replace: 'void isOvertaken',
    tests: [`${INGEST}/test/panel-api/deliveries`],
  },
]
