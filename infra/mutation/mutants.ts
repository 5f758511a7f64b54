/** A mechanism taken out, and where a test must notice. */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** Test files, as Jest's path patterns. */
  readonly tests: readonly string[]
}

const INGEST = 'services/webhook-ingest'
const GATEWAY = 'services/ws-gateway'
const CLIENT = 'packages/browser-client'

/** Each takes out one mechanism that the guarantees rest on. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'accounts are locked in no particular order',
    file: `${INGEST}/src/commit/read-books.ts`,
    find: 'ORDER BY user_id',
    replace: 'ORDER BY random()',
    tests: [`${INGEST}/test/commit`],
  },
  {
    name: 'accounts are not locked',
    file: `${INGEST}/src/commit/read-books.ts`,
    find: 'ORDER BY user_id\n  FOR NO KEY UPDATE',
    replace: 'ORDER BY user_id',
    tests: [`${INGEST}/test/commit`],
  },
  {
    name: 'the ledger has no fence',
    file: 'packages/database/src/migrations/0001-tables.ts',
    find: 'UNIQUE (order_id, refunded_before)',
    replace: 'UNIQUE (entry_id, refunded_before)',
    tests: ['packages/database/test/constraints'],
  },
  {
    name: "COMMIT's tag is not looked at",
    file: 'packages/database/src/transaction.ts',
    find: "if (result.command !== 'COMMIT')",
    replace: "if (result.command === 'NEVER')",
    tests: ['packages/database/test/transaction'],
  },
  {
    name: 'a registration does not keep its webhooks from being parked',
    file: `${INGEST}/src/commit/commit-batch.ts`,
    find: 'lockOrders ? lockProviderOrders(client, provider, orderIds) : undefined,',
    replace: 'undefined,',
    tests: [`${INGEST}/test/webhook/webhook-route`],
  },
  {
    name: 'a webhook that its provider refutes pays all the same',
    file: `${INGEST}/src/commit/apply-delivery.ts`,
    find: "return isConfirmed(order, decision, confirmation.update) ? undefined : 'provider_disagrees'",
    replace: 'return undefined',
    tests: [`${INGEST}/test/commit`],
  },
  {
    name: 'a confirmation is applied as often as it is brought',
    file: `${INGEST}/src/commit/apply-delivery.ts`,
    find: 'return !awaitingDeliveryIds.has(deliveryId)',
    replace: 'return false',
    tests: [`${INGEST}/test/commit`],
  },
  {
    name: 'nobody is told that a webhook awaits its confirmation',
    file: `${INGEST}/src/commit/commit-changes.ts`,
    find: 'if (changes.awaited.length > 0) deliveriesAwait?.()',
    replace: '',
    tests: [`${INGEST}/test/confirm`],
  },
  {
    name: 'orders of which something was heard are asked about',
    file: `${INGEST}/src/reconcile/find-orders.ts`,
    find: 'AND received_at >= clock_timestamp()',
    replace: 'AND received_at < clock_timestamp()',
    tests: [`${INGEST}/test/reconcile/reconcile.integration`],
  },
  {
    name: 'the outbox is not drained at the start',
    file: `${INGEST}/src/publish/outbox.ts`,
    find: 'publisher.onReady(() => drain(0))',
    replace: '',
    tests: [`${INGEST}/test/publish`],
  },
  {
    name: 'the subscription is not waited for',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'await subscriber.subscribe(userChannel(userId))',
    replace: 'void subscriber.subscribe(userChannel(userId))',
    tests: [`${GATEWAY}/test/stream/subscription`],
  },
  {
    name: 'an event that was seen is passed on again',
    file: `${GATEWAY}/src/stream/sequencer.ts`,
    find: 'if (this.#last !== undefined && seq <= this.#last) return []',
    replace: 'if (this.#last !== undefined && seq <= this.#last) return [bytes]',
    tests: [`${GATEWAY}/test/stream/sequencer`, `${GATEWAY}/test/socket/socket-server`],
  },
  {
    name: 'a gap is not filled',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'if (hasGap(stream)) void fill(stream)',
    replace: '',
    tests: [`${GATEWAY}/test/socket/socket-server`, `${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'who is read late is taken for late',
    file: `${GATEWAY}/src/socket/socket-server.ts`,
    find: 'setImmediate(() => {',
    replace: 'queueMicrotask(() => {',
    tests: [`${GATEWAY}/test/socket/busy`],
  },
  {
    name: 'who reads too slowly may pile up frames',
    file: `${GATEWAY}/src/socket/connection.ts`,
    find: "if (this.#transport.writableLength > this.#deps.limits.bufferedBytesMax) this.close('slow_consumer')",
    replace: '',
    tests: [`${GATEWAY}/test/socket/slow-consumer`],
  },
  {
    name: 'nobody is caught up when the bus comes back',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'for (const stream of streams.values()) void fill(stream)',
    replace: '',
    tests: [`${GATEWAY}/test/gateway.integration`, `${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'a restored database is noticed by nobody who stays',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'if (epoch !== undefined) {',
    replace: 'if (false) {',
    tests: [`${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'an answer from before a restore counts',
    file: `${GATEWAY}/src/stream/hub.ts`,
    find: 'if (askedIn !== epoch) return false',
    replace: '',
    tests: [`${GATEWAY}/test/stream/hub`],
  },
  {
    name: 'who came at once is pinged at once',
    file: `${GATEWAY}/src/socket/connection.ts`,
    find: ' - deps.random() * deps.limits.pingIntervalMs',
    replace: '',
    tests: [`${GATEWAY}/test/socket/deadlines`],
  },
  {
    name: 'tabs pass on what they have already had',
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
    name: 'a leading tab that is put aside keeps the lock',
    file: `${CLIENT}/src/tabs.ts`,
    find: '    release?.()\n',
    replace: '',
    tests: ['packages/browser-client/test/browser/tabs'],
  },
  {
    name: 'appenders of the refund feed do not take turns',
    file: `${INGEST}/src/refunds/append-refunds.ts`,
    find: `SELECT pg_advisory_xact_lock(hashtext('paxyo refund feed'))`,
    replace: 'SELECT 1',
    tests: [`${INGEST}/test/refunds/refund-feed`],
  },
  {
    name: 'refunds are fed in an order of their own',
    file: `${INGEST}/src/refunds/append-refunds.ts`,
    find: 'sum(refund_count) OVER (ORDER BY feed_id)',
    replace: 'sum(refund_count) OVER (ORDER BY feed_id DESC)',
    tests: [`${INGEST}/test/refunds/refund-feed`],
  },
  {
    name: 'a webhook to the panel is claimed by everybody',
    file: `${INGEST}/src/panel-webhook/webhook-queue.ts`,
    find: 'ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED',
    replace: 'ORDER BY due_at LIMIT $1',
    tests: [`${INGEST}/test/panel-webhook/panel-webhook.int`],
  },
  {
    name: 'a claim on a webhook to the panel has no end',
    file: `${INGEST}/src/panel-webhook/webhook-queue.ts`,
    find: `due_at = clock_timestamp() + $2 * interval '1 millisecond'`,
    replace: `due_at = clock_timestamp() + $2 * interval '1 year'`,
    tests: [`${INGEST}/test/panel-webhook`],
  },
  {
    name: 'nobody looks for webhooks that another process left behind',
    file: `${INGEST}/src/panel-webhook/panel-webhook.ts`,
    find: '    start: look,',
    replace: '    start: () => undefined,',
    tests: [`${INGEST}/test/panel-webhook/killed`],
  },
  {
    name: 'a review is resolved as often as one likes',
    file: `${INGEST}/src/reviews/resolve-review.ts`,
    find: `if (review.resolved_at !== null) return { at, result: 'review_resolved' }`,
    replace: '',
    tests: [`${INGEST}/test/reviews`],
  },
  {
    name: 'a replay takes an order back to what was overtaken',
    file: `${INGEST}/src/deliveries/replay-deliveries.ts`,
    find: 'origin.is_overtaken || ',
    replace: '',
    tests: [`${INGEST}/test/deliveries`],
  },
]
