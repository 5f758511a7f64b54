import { assertCommitted, roundTrip, sendTogether, textArray } from '@paxyo/database'
import { PROVIDER } from '@paxyo/godofpanel'
import { formatMoney } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { deletePublished } from '../publish/delete-published.ts'
import type { Changes, DeliveryRow } from './changes.ts'

const INSERT_ORDERS = `
  INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, created_at, updated_at)
  SELECT order_id, $2, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, $13, $13
  FROM unnest($1::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::numeric[], $9::text[],
    $10::bigint[], $11::bigint[], $12::numeric[])
    AS registered (order_id, provider_order_id, user_id, service, link, quantity, charge,
      status, remains, start_count, refunded)`

const UPDATE_ORDERS = `
  UPDATE orders SET status = changed.status, remains = changed.remains, start_count = changed.start_count,
    refunded = changed.refunded, updated_at = $6
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::numeric[])
    AS changed (order_id, status, remains, start_count, refunded)
  WHERE orders.order_id = changed.order_id`

const UPDATE_ACCOUNTS = `
  UPDATE accounts SET balance = changed.balance, last_seq = changed.last_seq
  FROM unnest($1::text[], $2::numeric[], $3::bigint[]) AS changed (user_id, balance, last_seq)
  WHERE accounts.user_id = changed.user_id`

const INSERT_PAYMENTS = `
  INSERT INTO ledger_entries (entry_id, user_id, kind, order_id, amount, balance_after, created_at)
  SELECT entry_id, user_id, kind, order_id, amount, balance_after, $7
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::numeric[])
    AS payment (entry_id, user_id, kind, order_id, amount, balance_after)`

const INSERT_REFUNDS = `
  INSERT INTO ledger_entries
    (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, created_at)
  SELECT entry_id, user_id, 'refund', order_id, amount, balance_after, refunded_before, refunded_after, $8
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[])
    AS refund (entry_id, user_id, order_id, amount, balance_after, refunded_before, refunded_after)`

const INSERT_EVENTS = `
  INSERT INTO events (user_id, seq, at, payload)
  SELECT user_id, seq, $4, payload FROM unnest($1::text[], $2::bigint[], $3::text[]) AS event (user_id, seq, payload)`

// A delivery that somebody else has committed since we looked is refused; when it is tried again it is a duplicate.
const INSERT_DELIVERIES = `
  INSERT INTO deliveries (
    delivery_id, provider, provider_order_id, body, outcome, reason, received_at, origin, replay_of)
  SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::text[])`

const SETTLE_DELIVERIES = `
  UPDATE deliveries SET outcome = settled.outcome, reason = settled.reason
  FROM unnest($1::text[], $2::text[], $3::text[]) AS settled (delivery_id, outcome, reason)
  WHERE deliveries.delivery_id = settled.delivery_id AND deliveries.outcome IN ('parked', 'awaiting_confirmation')`

const INSERT_REVIEWS = `
  INSERT INTO reviews (review_id, order_id, delivery_id, reason, opened_at)
  SELECT review_id, order_id, delivery_id, reason, $5
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS review (review_id, order_id, delivery_id, reason)`

const INSERT_AWAITED = `
  INSERT INTO confirmations (delivery_id, provider, provider_order_id, created_at, due_at)
  SELECT delivery_id, provider, provider_order_id, $4, $4
  FROM unnest($1::text[], $2::text[], $3::text[]) AS awaited (delivery_id, provider, provider_order_id)`

const SETTLE_CONFIRMATIONS = `
  UPDATE confirmations SET settled_at = $3, answer = confirmed.answer
  FROM unnest($1::text[], $2::text[]) AS confirmed (delivery_id, answer)
  WHERE confirmations.delivery_id = confirmed.delivery_id`

const INSERT_OUTBOX = `
  INSERT INTO outbox (batch_id, user_ids, seqs, created_at) VALUES ($1, $2, $3, $4)`

const FIND_OLD_OUTBOX = `
  SELECT EXISTS (SELECT FROM outbox WHERE created_at < clock_timestamp() - interval '2 seconds') AS found`

/** Whether a delivery's row is there already, from when it had to wait for its order or its confirmation. */
const hasWaited = ({ wasParked, confirmation }: DeliveryRow): boolean =>
  wasParked === true || confirmation !== undefined

export interface OutboxRows {
  /** The id under which this transaction's events wait until the bus has them. */
  readonly batchId: string
  /** Batches that the bus has; their rows go. */
  readonly publishedBatchIds: readonly string[]
  /** Whether to look for rows that whoever wrote them should have published by now. */
  readonly lookForOldRows: boolean
}

/**
 * Writes everything and commits, in one round trip.
 *
 * @returns whether old outbox rows were found, if they were looked for.
 * @throws RolledBackError when COMMIT did not commit, and the database's own errors.
 */
export async function writeChangesAndCommit(
  client: PoolClient,
  changes: Changes,
  at: Date,
  { batchId, publishedBatchIds, lookForOldRows }: OutboxRows,
): Promise<boolean> {
  const statements: Promise<unknown>[] = []
  sendTogether(client)
  const write = (name: string, text: string, values: unknown[], rowCount: number): void => {
    if (rowCount > 0) statements.push(client.query({ name, text, values }))
  }
  const registered = [...changes.orders.values()].filter(({ orderId }) => changes.registeredOrderIds.has(orderId))
  const orders = [...changes.orders.values()].filter(({ orderId }) => !changes.registeredOrderIds.has(orderId))
  const accounts = [...changes.accounts.values()]
  const deliveries = changes.deliveries.filter((delivery) => !hasWaited(delivery))
  const settled = changes.deliveries.filter(hasWaited)
  const { refunds, payments, events, reviews, awaited, confirmed } = changes

  write(
    'insert_orders',
    INSERT_ORDERS,
    [
      registered.map((order) => order.orderId),
      PROVIDER,
      registered.map((order) => order.providerOrderId),
      registered.map((order) => order.userId),
      registered.map((order) => order.service),
      registered.map((order) => order.link),
      registered.map((order) => order.quantity),
      registered.map((order) => formatMoney(order.charge)),
      registered.map((order) => order.status),
      registered.map((order) => order.remains),
      registered.map((order) => order.startCount),
      registered.map((order) => formatMoney(order.refunded)),
      at,
    ],
    registered.length,
  )
  write(
    'update_orders',
    UPDATE_ORDERS,
    [
      orders.map((order) => order.orderId),
      orders.map((order) => order.status),
      orders.map((order) => order.remains),
      orders.map((order) => order.startCount),
      orders.map((order) => formatMoney(order.refunded)),
      at,
    ],
    orders.length,
  )
  write(
    'update_accounts',
    UPDATE_ACCOUNTS,
    [
      accounts.map((account) => account.userId),
      accounts.map((account) => formatMoney(account.balance)),
      accounts.map((account) => account.lastSeq),
    ],
    accounts.length,
  )
  // Before the refunds: an order that is paid for and given back in one transaction has its entries in this order.
  write(
    'insert_payments',
    INSERT_PAYMENTS,
    [
      payments.map((payment) => payment.entryId),
      payments.map((payment) => payment.userId),
      payments.map((payment) => payment.kind),
      payments.map((payment) => payment.orderId),
      payments.map((payment) => formatMoney(payment.amount)),
      payments.map((payment) => formatMoney(payment.balanceAfter)),
      at,
    ],
    payments.length,
  )
  write(
    'insert_refunds',
    INSERT_REFUNDS,
    [
      refunds.map((refund) => refund.entryId),
      refunds.map((refund) => refund.userId),
      refunds.map((refund) => refund.orderId),
      refunds.map((refund) => formatMoney(refund.amount)),
      refunds.map((refund) => formatMoney(refund.balanceAfter)),
      refunds.map((refund) => formatMoney(refund.refundedBefore)),
      refunds.map((refund) => formatMoney(refund.refundedAfter)),
      at,
    ],
    refunds.length,
  )
  write(
    'insert_events',
    INSERT_EVENTS,
    [
      events.map((event) => event.userId),
      events.map((event) => event.seq),
      textArray(events.map((event) => event.payload)),
      at,
    ],
    events.length,
  )
  write(
    'insert_deliveries',
    INSERT_DELIVERIES,
    [
      deliveries.map((delivery) => delivery.deliveryId),
      deliveries.map((delivery) => delivery.provider),
      deliveries.map((delivery) => delivery.update?.providerOrderId ?? null),
      textArray(deliveries.map((delivery) => delivery.body)),
      deliveries.map((delivery) => delivery.outcome),
      deliveries.map((delivery) => delivery.reason),
      deliveries.map((delivery) => delivery.receivedAt),
      deliveries.map((delivery) => delivery.origin ?? 'webhook'),
      deliveries.map((delivery) => delivery.replay?.deliveryId ?? null),
    ],
    deliveries.length,
  )
  write(
    'settle_deliveries',
    SETTLE_DELIVERIES,
    [
      settled.map((delivery) => delivery.deliveryId),
      settled.map((delivery) => delivery.outcome),
      settled.map((delivery) => delivery.reason),
    ],
    settled.length,
  )
  write(
    'insert_reviews',
    INSERT_REVIEWS,
    [
      reviews.map((review) => review.reviewId),
      reviews.map((review) => review.orderId),
      reviews.map((review) => review.deliveryId),
      reviews.map((review) => review.reason),
      at,
    ],
    reviews.length,
  )
  write(
    'insert_awaited',
    INSERT_AWAITED,
    [
      awaited.map((row) => row.deliveryId),
      awaited.map((row) => row.provider),
      awaited.map((row) => row.providerOrderId),
      at,
    ],
    awaited.length,
  )
  write(
    'settle_confirmations',
    SETTLE_CONFIRMATIONS,
    [confirmed.map((row) => row.deliveryId), confirmed.map((row) => row.confirmation?.body ?? null), at],
    confirmed.length,
  )
  write(
    'insert_outbox',
    INSERT_OUTBOX,
    [batchId, events.map((event) => event.userId), events.map((event) => event.seq), at],
    events.length,
  )
  if (publishedBatchIds.length > 0) statements.push(deletePublished(client, publishedBatchIds))

  const oldRows = lookForOldRows
    ? client.query<{ found: boolean }>({ name: 'find_old_outbox', text: FIND_OLD_OUTBOX })
    : undefined
  const commit = client.query('COMMIT')
  await roundTrip([...statements, oldRows, commit])
  assertCommitted(await commit)
  return (await oldRows)?.rows[0]?.found ?? false
}
