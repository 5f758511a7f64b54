import type { ErrorCode, OrderStatus } from '@paxyo/contracts'
import { roundTrip, runQuery, type Database } from '@paxyo/database'
import type { Money } from '@paxyo/order-core'
import type { Kysely } from 'kysely'
import type { PoolClient } from 'pg'
import { accountView } from '../../../../services/webhook-ingest/src/panel-api/accounts/account-view.ts'
import type { WrittenAnswer } from '../../../../services/webhook-ingest/src/panel-api/kit/answer.ts'
import { commitOnce, type IdempotentRequest } from '../../../../services/webhook-ingest/src/panel-api/kit/idempotency.ts'
import { readEpoch } from '../../../../services/webhook-ingest/src/panel-api/kit/position.ts'
import { applyResolution, type ResolutionResult } from './apply-resolution.ts'
import { noSettledDeliveries, type Account, type Books, type Order } from '../model/working-set.ts'
import type { Changes } from '../model/change-set.ts'
import type { CommitDeps } from '../transaction/commit-change-set.ts'
import { ORDER_COLUMNS, readClock, toAccount, toOrder, type AccountRow, type OrderRow } from '../transaction/read-working-set.ts'
import { selectReviews, toReview, type ReviewRow } from '../../../../services/webhook-ingest/src/panel-api/reviews/review.ts'

/** What a person decides. */
export interface ResolveRequest {
  readonly action: 'dismiss' | 'refund' | 'set_status'
  readonly refund: Money
  readonly status: OrderStatus | undefined
  readonly note: string
  /** The person, when it is not the key's holder. */
  readonly actor: string | undefined
  readonly keyId: string
}

export interface ResolveDeps extends CommitDeps {
  readonly db: Kysely<Database>
}

/**
 * Resolves a review, once: pays or sets what was decided as a webhook's decision is, with an event for the user, and
 * notes who, why and when, in one transaction. The account's lock is taken before the review's, as all do who take both.
 */
export function resolveReview(
  deps: ResolveDeps,
  reviewId: string,
  decision: ResolveRequest,
  request: IdempotentRequest | undefined,
): Promise<WrittenAnswer | ErrorCode> {
  return commitOnce(deps, request, async (client, changes) => {
    const known = await readKnown(client, deps.db, reviewId, decision.keyId)
    const { at, epoch, review } = known
    if (review === undefined) return { at, result: 'review_not_found' }
    if (review.resolved_at !== null) return { at, result: 'review_resolved' }
    const applied = apply(known, changes, decision, deps)
    if (typeof applied === 'string') return { at, result: applied }

    const resolved: ReviewRow = {
      ...review,
      resolved_at: at,
      resolved_by: decision.actor ?? known.keyName,
      resolved_with: decision.keyId,
      resolution: decision.action,
      resolution_note: decision.note,
      resolution_status: decision.status ?? null,
      resolution_refund_id: applied?.refund?.refundId ?? null,
    }
    await writeResolution(client, resolved)
    const body = {
      review: toReview(resolved),
      order: applied?.order ?? null,
      account: applied === undefined ? null : accountView(applied.account),
      refund: applied?.refund ?? null,
      seq: applied?.account.lastSeq ?? null,
      epoch,
    }
    return { at, result: { status: 200, body } }
  })
}

/** What the transaction has read under its locks. */
interface Known {
  readonly at: Date
  readonly epoch: string
  readonly keyName: string
  readonly review: ReviewRow | undefined
  readonly order: Order | undefined
  readonly account: Account | undefined
}

function apply(
  { at, order, account }: Known,
  changes: Changes,
  decision: ResolveRequest,
  { newId }: CommitDeps,
): ResolutionResult | ErrorCode | undefined {
  if (order === undefined || account === undefined) {
    return decision.action === 'dismiss' ? undefined : 'review_without_order'
  }
  const books: Books = {
    at,
    ordersByProviderOrderId: new Map([[order.providerOrderId, order]]),
    accountsByUserId: new Map([[account.userId, account]]),
    ...noSettledDeliveries(),
  }
  return applyResolution(books, changes, order, account, decision, newId)
}

const LOCK_ACCOUNT_OF_REVIEW = `
  SELECT user_id, currency, balance, last_seq FROM accounts
  WHERE user_id = (SELECT user_id FROM reviews JOIN orders USING (order_id) WHERE review_id = $1)
  FOR NO KEY UPDATE`
const LOCK_REVIEW = 'SELECT FROM reviews WHERE review_id = $1 FOR UPDATE'
// Statements of their own after the locks: they must see what the locks' former holders have committed.
const READ_ORDER_OF_REVIEW = `
  SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = (SELECT order_id FROM reviews WHERE review_id = $1)`
const READ_KEY_NAME = 'SELECT name FROM api_keys WHERE key_id = $1'

async function readKnown(client: PoolClient, db: Kysely<Database>, reviewId: string, keyId: string): Promise<Known> {
  const [accounts, , orders, reviews, names, epoch, at] = await roundTrip([
    client.query<AccountRow>(LOCK_ACCOUNT_OF_REVIEW, [reviewId]),
    client.query(LOCK_REVIEW, [reviewId]),
    client.query<OrderRow>(READ_ORDER_OF_REVIEW, [reviewId]),
    runQuery(client, selectReviews(db).where('review_id', '=', reviewId)),
    client.query<{ name: string }>(READ_KEY_NAME, [keyId]),
    readEpoch(client),
    readClock(client),
  ])
  const [order, account] = [orders.rows[0], accounts.rows[0]]
  return {
    at,
    epoch,
    keyName: names.rows[0]?.name ?? keyId,
    review: reviews[0],
    order: order && toOrder(order),
    account: account && toAccount(account),
  }
}

const WRITE_RESOLUTION = `
  UPDATE reviews SET resolved_at = $2, resolved_by = $3, resolved_with = $4, resolution = $5, resolution_note = $6,
    resolution_status = $7, resolution_refund_id = $8
  WHERE review_id = $1`

async function writeResolution(client: PoolClient, row: ReviewRow): Promise<void> {
  await client.query(WRITE_RESOLUTION, [
    row.review_id,
    row.resolved_at,
    row.resolved_by,
    row.resolved_with,
    row.resolution,
    row.resolution_note,
    row.resolution_status,
    row.resolution_refund_id,
  ])
}
