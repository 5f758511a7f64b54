import { compactPayload, textArray } from '@paxyo/database'
import { formatMoney, NEEDS_APPROVAL } from '@paxyo/order-core'
import type { LockedAccount, Order } from '../model/working-set.ts'
import type {
  ActionRow,
  AwaitingRow,
  DeliveryRow,
  EventRow,
  LedgerEntry,
  ReviewRow,
  VerifiedRow,
} from '../model/change-set.ts'
import { isReceivedAt, isReceivedBetween, receivedBetween } from './received-between.ts'

/** A statement that writes any number of rows, with one array per column. */
export interface BulkStatement<Row> {
  /** The name of the prepared statement: a connection prepares `text` under it once. */
  readonly name: string
  readonly text: string
  /** Further statements with the same parameters, by their names. */
  readonly alongside?: Readonly<Record<string, string>>
  readonly values: (rows: readonly Row[], at: Date, batchId: string) => unknown[]
}

export const INSERT_ORDERS: BulkStatement<Order> = {
  name: 'insert_orders',
  text: `
  INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, runs, run_interval, created_at, updated_at)
  SELECT order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, runs, run_interval, $15, $15
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::numeric[], $9::text[],
    $10::bigint[], $11::bigint[], $12::numeric[], $13::integer[], $14::integer[])
    AS registered (order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
      status, remains, start_count, refunded, runs, run_interval)`,
  values: (rows, at) => [
    rows.map((order) => order.orderId),
    rows.map((order) => order.provider),
    rows.map((order) => order.providerOrderId),
    rows.map((order) => order.userId),
    rows.map((order) => order.service),
    rows.map((order) => order.link),
    rows.map((order) => order.quantity),
    rows.map((order) => formatMoney(order.charge)),
    rows.map((order) => order.status),
    rows.map((order) => order.remains),
    rows.map((order) => order.startCount),
    rows.map((order) => formatMoney(order.refunded)),
    rows.map((order) => order.runs),
    rows.map((order) => order.intervalMinutes),
    at,
  ],
}

export const UPDATE_ORDERS: BulkStatement<Order> = {
  name: 'update_orders',
  text: `
  UPDATE orders SET status = changed.status, remains = changed.remains, start_count = changed.start_count,
    refunded = changed.refunded, updated_at = $6
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::numeric[])
    AS changed (order_id, status, remains, start_count, refunded)
  WHERE orders.order_id = changed.order_id`,
  values: (rows, at) => [
    rows.map((order) => order.orderId),
    rows.map((order) => order.status),
    rows.map((order) => order.remains),
    rows.map((order) => order.startCount),
    rows.map((order) => formatMoney(order.refunded)),
    at,
  ],
}

export const UPDATE_ACCOUNTS: BulkStatement<LockedAccount> = {
  name: 'update_accounts',
  text: `
  UPDATE accounts SET balance = changed.balance, last_seq = changed.last_seq, refunded = changed.refunded,
    order_counts = changed.order_counts, totals_seq = changed.last_seq
  FROM unnest($1::text[], $2::numeric[], $3::bigint[], $4::numeric[], $5::jsonb[])
    AS changed (user_id, balance, last_seq, refunded, order_counts)
  WHERE accounts.user_id = changed.user_id`,
  values: (rows) => [
    rows.map((account) => account.userId),
    rows.map((account) => formatMoney(account.balance)),
    rows.map((account) => account.lastSeq),
    rows.map((account) => formatMoney(account.totals.refunded)),
    rows.map((account) => JSON.stringify(account.totals.orders)),
  ],
}

export const INSERT_ENTRIES: BulkStatement<LedgerEntry> = {
  name: 'insert_entries',
  text: `
  INSERT INTO ledger_entries
    (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, payment_ref, payment_seq,
    created_at)
  SELECT entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, payment_ref,
    payment_seq, $11
  FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[],
    $9::text[], $10::bigint[])
    AS entry (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, payment_ref,
      payment_seq)`,
  values: (rows, at) => [
    rows.map((entry) => entry.entryId),
    rows.map((entry) => entry.userId),
    rows.map((entry) => entry.kind),
    rows.map((entry) => entry.orderId),
    rows.map((entry) => formatMoney(entry.amount)),
    rows.map((entry) => formatMoney(entry.balanceAfter)),
    rows.map((entry) => (entry.kind === 'refund' ? formatMoney(entry.refundedBefore) : null)),
    rows.map((entry) => (entry.kind === 'refund' ? formatMoney(entry.refundedAfter) : null)),
    rows.map((entry) => (entry.kind === 'refund' ? null : (entry.payment?.ref ?? null))),
    rows.map((entry) => (entry.kind === 'refund' ? null : (entry.payment?.seq ?? null))),
    at,
  ],
}

export const INSERT_EVENTS: BulkStatement<EventRow> = {
  name: 'insert_events',
  // They are added to the changes feed and to the outbox, too, as one row each.
  alongside: {
    insert_changes: `INSERT INTO change_feed (user_ids, seqs, created_at, previous_statuses) VALUES ($1, $2, $4, $5)`,
    insert_outbox: `INSERT INTO outbox (batch_id, user_ids, seqs, created_at) VALUES ($6, $1, $2, $4)`,
  },
  text: `
  INSERT INTO events (user_id, seq, at, compact)
  SELECT user_id, seq, $4, compact FROM unnest($1::text[], $2::bigint[], $3::text[]) AS event (user_id, seq, compact)`,
  values: (rows, at, batchId) => [
    rows.map((event) => event.userId),
    rows.map((event) => event.seq),
    textArray(rows.map((event) => compactPayload(event.payload, event.seq, at))),
    at,
    rows.map((event) => event.previousStatus ?? null),
    batchId,
  ],
}

// A delivery that another transaction has committed since the read violates a key, this one's or the table's; on retry it is a
// duplicate.
export const INSERT_REPEATABLE_IDS: BulkStatement<DeliveryRow> = {
  name: 'insert_repeatable_ids',
  text: `
  INSERT INTO repeatable_delivery_ids (delivery_id, received_at) SELECT * FROM unnest($1::text[], $2::timestamptz[])`,
  values: (rows) => [rows.map((delivery) => delivery.deliveryId), rows.map((delivery) => delivery.receivedAt)],
}

export const INSERT_DELIVERIES: BulkStatement<DeliveryRow> = {
  name: 'insert_deliveries',
  text: `
  INSERT INTO deliveries (
    delivery_id, provider, provider_order_id, body, outcome, reason, received_at, origin, replay_of, waiting_update,
    status_word)
  SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::text[],
    $10::text[], $11::text[])`,
  values: (rows) => [
    rows.map((delivery) => delivery.deliveryId),
    rows.map((delivery) => delivery.provider),
    rows.map((delivery) => delivery.update?.providerOrderId ?? null),
    textArray(rows.map((delivery) => delivery.body)),
    rows.map((delivery) => delivery.outcome),
    rows.map((delivery) => delivery.reason),
    rows.map((delivery) => delivery.receivedAt),
    rows.map((delivery) => delivery.origin ?? 'webhook'),
    rows.map((delivery) => delivery.replayOf ?? null),
    rows.map(waitingUpdate),
    rows.map((delivery) => delivery.update?.word ?? null),
  ],
}

export const SETTLE_DELIVERIES: BulkStatement<DeliveryRow> = {
  name: 'settle_deliveries',
  text: `
  UPDATE deliveries AS delivery SET outcome = settled.outcome, reason = settled.reason,
    waiting_update = CASE WHEN settled.waits THEN waiting_update END
  FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[])
    AS settled (delivery_id, outcome, reason, waits, received_at)
  WHERE delivery.delivery_id = settled.delivery_id AND ${isReceivedAt('settled')} AND ${isReceivedBetween('$6', '$7')}
    AND (delivery.outcome IN ('parked', 'superseded', 'awaiting_verification')
      OR delivery.reason = '${NEEDS_APPROVAL}' AND delivery.waiting_update IS NOT NULL)`,
  values: (rows) => [
    rows.map((delivery) => delivery.deliveryId),
    rows.map((delivery) => delivery.outcome),
    rows.map((delivery) => delivery.reason),
    rows.map((delivery) => delivery.waits),
    rows.map((delivery) => delivery.receivedAt),
    ...receivedBetween(rows),
  ],
}

/**
 * Increments the count of the open review of the same order and reason, whose detail is then the newest, or opens one. An
 * order's reviews are written under its account's lock, so two transactions cannot open the same one. A review without an
 * order is always opened. A replay opens no second review of an order for the same reason as its original or another replay;
 * one that it opened itself, before its order was moved away and back, is not a second one.
 */
export const WRITE_REVIEWS: BulkStatement<ReviewRow> = {
  name: 'write_reviews',
  text: `
  WITH every AS (
    SELECT review.*, replay_of
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $6::text[])
      AS review (review_id, order_id, delivery_id, reason, detail)
    JOIN deliveries USING (delivery_id)
  ), given AS (
    SELECT review_id, order_id, delivery_id, reason, first_value(detail) OVER (same ORDER BY review_id DESC) AS detail,
      count(*) OVER same AS count, row_number() OVER (same ORDER BY review_id) AS place
    FROM every
    WHERE replay_of IS NULL OR NOT EXISTS (
      SELECT FROM deliveries AS kin JOIN reviews USING (delivery_id)
      WHERE every.replay_of IN (kin.delivery_id, kin.replay_of) AND kin.delivery_id <> every.delivery_id
        AND reviews.reason = every.reason AND reviews.order_id IS NOT DISTINCT FROM every.order_id
      UNION ALL
      SELECT FROM deliveries AS origin JOIN reviews ON reviews.order_id = every.order_id AND reviews.reason = origin.reason
      WHERE origin.delivery_id = every.replay_of AND origin.reason = every.reason)
    WINDOW same AS (PARTITION BY order_id, reason, CASE WHEN order_id IS NULL THEN review_id END)
  ), counted AS (
    UPDATE reviews SET count = reviews.count + given.count, last_at = $5, detail = coalesce(given.detail, reviews.detail)
    FROM given
    WHERE place = 1 AND reviews.order_id = given.order_id AND reviews.reason = given.reason AND resolved_at IS NULL
    RETURNING reviews.order_id, reviews.reason
  )
  INSERT INTO reviews (review_id, order_id, delivery_id, reason, detail, opened_at, count)
  SELECT review_id, order_id, delivery_id, reason, detail, $5, count FROM given
  WHERE place = 1 AND NOT EXISTS (
    SELECT FROM counted WHERE counted.order_id = given.order_id AND counted.reason = given.reason)`,
  values: (rows, at) => [
    rows.map((review) => review.reviewId),
    rows.map((review) => review.orderId),
    rows.map((review) => review.deliveryId),
    rows.map((review) => review.reason),
    at,
    rows.map((review) => review.detail ?? null),
  ],
}

/** A delivery that was verified without an order is verified again for the order that gets its provider order. */
export const INSERT_AWAITING: BulkStatement<AwaitingRow> = {
  name: 'insert_awaiting',
  text: `
  INSERT INTO verifications (delivery_id, provider, provider_order_id, created_at, due_at)
  SELECT delivery_id, provider, provider_order_id, $4, $4
  FROM unnest($1::text[], $2::text[], $3::text[]) AS awaiting (delivery_id, provider, provider_order_id)
  ON CONFLICT (delivery_id) DO UPDATE
  SET created_at = $4, due_at = $4, attempts = 0, last_error = NULL, settled_at = NULL, response = NULL`,
  values: (rows, at) => [
    rows.map((row) => row.deliveryId),
    rows.map((row) => row.provider),
    rows.map((row) => row.providerOrderId),
    at,
  ],
}

export const INSERT_ACTIONS: BulkStatement<ActionRow> = {
  name: 'insert_operator_actions',
  text: `
  INSERT INTO operator_actions (action_id, order_id, action, status, refund_id, note, actor, key_id, created_at)
  SELECT action_id, order_id, action, status, refund_id, note, actor, key_id, $9
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[])
    AS done (action_id, order_id, action, status, refund_id, note, actor, key_id)`,
  values: (rows, at) => [
    rows.map((row) => row.actionId),
    rows.map((row) => row.orderId),
    rows.map((row) => row.action),
    rows.map((row) => row.status),
    rows.map((row) => row.refundId),
    rows.map((row) => row.note),
    rows.map((row) => row.actor),
    rows.map((row) => row.keyId),
    at,
  ],
}

export const SETTLE_VERIFICATIONS: BulkStatement<VerifiedRow> = {
  name: 'settle_verifications',
  text: `
  UPDATE verifications SET settled_at = $3, response = verified.response
  FROM unnest($1::text[], $2::text[]) AS verified (delivery_id, response)
  WHERE verifications.delivery_id = verified.delivery_id`,
  values: (rows, at) => [rows.map((row) => row.deliveryId), rows.map(responseBody), at],
}

const responseBody = ({ verification }: VerifiedRow): string | null =>
  verification === null || verification === 'unknown_order' ? null : verification.body

/**
 * The update of a delivery that has to wait, as parsed on arrival. It is applied unchanged, even if a later parser would
 * read its body differently. All other deliveries are final: the body is enough for a replay.
 */
const waitingUpdate = ({ waits, update }: DeliveryRow): string | null =>
  waits && update !== undefined ? JSON.stringify(update) : null
