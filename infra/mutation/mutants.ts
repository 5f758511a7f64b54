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
const LEDGER = 'packages/ledger'
const GATEWAY = 'services/ws-gateway'
const CLIENT = 'packages/browser-client'

/** Each takes out one mechanism that the guarantees rest on. */
export const MUTANTS: readonly Mutant[] = [
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
    file: `${LEDGER}/src/deliveries/commit-deliveries.ts`,
    find: 'lockProviderOrders(tx.client, ordersOf(deliveries)),',
    replace: 'undefined,',
    tests: [`${LEDGER}/test/deliveries/commit-deliveries`],
  },
  {
    name: 'a webhook that its provider refutes pays all the same',
    file: `${LEDGER}/src/deliveries/apply-delivery.ts`,
    find: "return isVerified(order, decision, verification.update) ? undefined : 'provider_disagrees'",
    replace: 'return undefined',
    tests: [`${LEDGER}/test/deliveries`],
  },
  {
    name: 'a verification is applied as often as it is submitted',
    file: `${LEDGER}/src/deliveries/apply-delivery.ts`,
    find: 'return !awaitingDeliveryIds.has(deliveryId)',
    replace: 'return false',
    tests: [`${LEDGER}/test/deliveries`],
  },
  {
    name: 'provider verification is not woken by a webhook that awaits it',
    file: `${INGEST}/src/ingest.ts`,
    find: 'if (awaiting.length > 0) verification.wake()',
    replace: '',
    tests: [`${INGEST}/test/workers/provider-verification`],
  },
  {
    name: 'orders of which something was heard are asked about',
    file: `${LEDGER}/src/reconcile/find-orders.ts`,
    find: 'AND received_at >= clock_timestamp()',
    replace: 'AND received_at < clock_timestamp()',
    tests: [`${INGEST}/test/workers/reconcile.integration`],
  },
  {
    name: 'the outbox is not drained at the start',
    file: `${LEDGER}/src/outbox/outbox.ts`,
    find: 'publisher.onReady(() => drain(0))',
    replace: '',
    tests: [`${LEDGER}/test/outbox`],
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
    find: '    releaseLock?.()\n',
    replace: '',
    tests: ['packages/browser-client/test/browser/tabs'],
  },
  {
    name: 'appenders of the refund feed do not take turns',
    file: `${LEDGER}/src/refund-feed/append-refunds.ts`,
    find: `SELECT pg_advisory_xact_lock(hashtext('paxyo refund feed'))`,
    replace: 'SELECT 1',
    tests: [`${LEDGER}/test/refund-feed`],
  },
  {
    name: 'refunds are fed in an order of their own',
    file: `${LEDGER}/src/refund-feed/append-refunds.ts`,
    find: 'sum(refund_count) OVER (ORDER BY feed_id)',
    replace: 'sum(refund_count) OVER (ORDER BY feed_id DESC)',
    tests: [`${LEDGER}/test/refund-feed`],
  },
  {
    name: 'an outgoing webhook is claimed by every process',
    file: `${INGEST}/src/workers/outgoing-webhooks/outgoing-queue.ts`,
    find: 'ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED',
    replace: 'ORDER BY due_at LIMIT $1',
    tests: [`${INGEST}/test/workers/outgoing-webhooks/outgoing-webhooks.integration`],
  },
  {
    name: 'a claim on an outgoing webhook does not expire',
    file: `${INGEST}/src/workers/outgoing-webhooks/outgoing-queue.ts`,
    find: `due_at = clock_timestamp() + $2 * interval '1 millisecond'`,
    replace: `due_at = clock_timestamp() + $2 * interval '1 year'`,
    tests: [`${INGEST}/test/workers/outgoing-webhooks`],
  },
  {
    name: 'outgoing webhooks that another process left behind are not looked for',
    file: `${INGEST}/src/workers/outgoing-webhooks/outgoing-webhooks.ts`,
    find: '    start: look,',
    replace: '    start: () => undefined,',
    tests: [`${INGEST}/test/workers/outgoing-webhooks/killed`],
  },
  {
    name: 'a review is resolved as often as one likes',
    file: `${LEDGER}/src/reviews/resolve-review.ts`,
    find: `if (known.review.resolved_at !== null) return 'review_resolved'`,
    replace: '',
    tests: [`${INGEST}/test/panel-api/reviews`],
  },
  {
    name: 'a replay takes an order back to what was overtaken',
    file: `${INGEST}/src/panel-api/deliveries/replay-deliveries.ts`,
    find: "if (isOvertaken) return 'overtaken'",
    replace: 'void isOvertaken',
    tests: [`${INGEST}/test/panel-api/deliveries`],
  },
]
