import type { ErrorCode } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { NEEDS_APPROVAL, type StatusUpdate } from '@paxyo/order-core'
import type { LockedAccount, Order } from '../model/working-set.ts'
import { applyDecision, type DecidedOrder, type DecisionRejection, type PersonsDecision } from './apply-decision.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { readKeyName } from '../transaction/read-key-name.ts'
import { LOCKED_ACCOUNT_COLUMNS, lockedAccountOf, type LockedAccountRow } from '../transaction/account-rows.ts'
import { ORDER_COLUMNS, readClock, toOrder, type OrderRow } from '../transaction/read-working-set.ts'
import {
  isWithinLimit,
  readRefundsLeft,
  recordOperatorRefund,
  type LimitRejection,
} from '../transaction/refund-limit.ts'
import { clearWaitingUpdates, proposeRefund, readWaitingUpdates } from './proposed-refund.ts'

/** A person's decision about a review. */
export interface Resolution extends PersonsDecision {
  readonly action: 'approve' | 'dismiss' | 'refund' | 'set_status'
  readonly note: string
  /** The person; the name of the API key when undefined. */
  readonly actor: string | undefined
  readonly keyId: string
  /** The operator whose refund limit applies; undefined when none does. */
  readonly operatorId?: string | undefined
}

export type ResolutionRejection =
  | DecisionRejection
  | LimitRejection
  | Extract<
      ErrorCode,
      'review_not_found' | 'review_resolved' | 'review_without_order' | 'review_not_approvable' | 'refund_changed'
    >

/**
 * Resolves a review, once: applies the refund or the status as a webhook's decision is applied, with an event for the
 * user, and records the person, the note and the time. Like every transaction that takes both locks, it locks the account
 * before the review. An approval applies the updates that wait for it, and is recorded as the refund that it pays.
 *
 * @returns the review's order, or `undefined` when the review has none; or why the resolution was rejected, in which
 *   case nothing is recorded.
 * @example
 * const resolution = { action: 'dismiss', refund: 0n, status: undefined, note: 'known', actor: 'Ann', keyId: 'a-key' } as const
 * await commitChangeSet(ledger, (tx) => resolveReview(tx, newId(), resolution)) //=> 'review_not_found'
 */
export async function resolveReview(
  tx: LedgerTransaction,
  reviewId: string,
  resolution: Resolution,
): Promise<{ readonly resolved: DecidedOrder | undefined } | ResolutionRejection> {
  const known = await readKnown(tx, reviewId, resolution.keyId)
  if (known.review === undefined) return 'review_not_found'
  if (known.review.resolved_at !== null) return 'review_resolved'
  const { operatorId, refund } = resolution
  const refundsLeft = await readRefundsLeft(tx.client, operatorId === undefined || refund === 0n ? [] : [operatorId])
  if (!isWithinLimit(refundsLeft, operatorId, refund)) return 'refund_limit_exceeded'
  const resolved = apply(tx, known, resolution)
  if (typeof resolved === 'string') return resolved

  const { action, note, actor, keyId } = resolution
  const status = action === 'approve' ? resolved?.order.status : resolution.status
  const clearing = clearWaitingUpdates(tx.client, reviewId)
  const writing = tx.client.query(WRITE_RESOLUTION, [
    reviewId,
    known.at,
    actor ?? known.keyName,
    keyId,
    action === 'approve' ? 'refund' : action,
    note,
    status ?? null,
    resolved?.refund?.refundId ?? null,
  ])
  await roundTrip([clearing, writing])
  const refundId = resolved?.refund?.refundId
  recordOperatorRefund(tx.changes, refundsLeft, { operatorId, refundId, amount: refund, at: known.at })
  tx.changes.resolvedReviewIds.push(reviewId)
  return { resolved }
}

interface ReviewRow {
  readonly resolved_at: Date | null
  readonly reason: string
}

/** The rows that the transaction has read under its locks. */
interface Known {
  readonly at: Date
  readonly keyName: string
  readonly review: ReviewRow | undefined
  /** The updates that an approval applies. */
  readonly waiting: readonly StatusUpdate[]
  readonly order: Order | undefined
  readonly account: LockedAccount | undefined
}

function apply(
  tx: LedgerTransaction,
  { at, order, account, review, waiting }: Known,
  { action, refund, status }: Resolution,
): DecidedOrder | ResolutionRejection | undefined {
  if (action === 'approve' && review?.reason !== NEEDS_APPROVAL) return 'review_not_approvable'
  if (order === undefined || account === undefined) {
    return action === 'dismiss' ? undefined : 'review_without_order'
  }
  if (action !== 'approve') return applyDecision(tx, { at, order, account }, { refund, status })
  const proposed = proposeRefund(order, waiting)
  // The person has seen another amount: an update or another decision came in between.
  if (proposed === undefined || proposed.refund !== refund) return 'refund_changed'
  const { status: approved, ...counts } = proposed.order
  return applyDecision(tx, { at, order, account }, { refund, status: approved, counts })
}

const LOCK_ACCOUNT_OF_REVIEW = `
  SELECT ${LOCKED_ACCOUNT_COLUMNS} FROM accounts
  WHERE user_id = (SELECT user_id FROM reviews JOIN orders USING (order_id) WHERE review_id = $1)
  FOR NO KEY UPDATE`
const LOCK_REVIEW = 'SELECT resolved_at, reason FROM reviews WHERE review_id = $1 FOR UPDATE'
// A separate statement after the locks, so that it sees the commits of the locks' previous holders.
const READ_ORDER_OF_REVIEW = `
  SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = (SELECT order_id FROM reviews WHERE review_id = $1)`

const WRITE_RESOLUTION = `
  UPDATE reviews SET resolved_at = $2, resolved_by = $3, resolved_with = $4, resolution = $5, resolution_note = $6,
    resolution_status = $7, resolution_refund_id = $8
  WHERE review_id = $1`

async function readKnown(tx: LedgerTransaction, reviewId: string, keyId: string): Promise<Known> {
  const { client } = tx
  const [accounts, reviews, orders, waiting, keyName, at] = await roundTrip([
    client.query<LockedAccountRow>(LOCK_ACCOUNT_OF_REVIEW, [reviewId]),
    client.query<ReviewRow>(LOCK_REVIEW, [reviewId]),
    client.query<OrderRow>(READ_ORDER_OF_REVIEW, [reviewId]),
    readWaitingUpdates(client, reviewId),
    readKeyName(client, keyId),
    readClock(tx),
  ])
  const order = orders.rows[0] && toOrder(orders.rows[0])
  return {
    at,
    keyName,
    review: reviews.rows[0],
    waiting,
    order,
    account: order && (await lockedAccountOf(client, order.userId, accounts.rows)),
  }
}
