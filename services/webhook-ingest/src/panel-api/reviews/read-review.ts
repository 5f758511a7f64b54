import { roundTrip, runQuery, transaction } from '@paxyo/database'
import { REVIEW_PARTS_MAX, reviewCaseSchema, type ReviewCase } from '@paxyo/panel-client'
import { sql } from 'kysely'
import type { PoolClient } from 'pg'
import { z } from 'zod'
import { accountView } from '../accounts/account-view.ts'
import { type ApiDeps, operation, type PanelApi, reject } from '@paxyo/panel-api-kit'
import {
  type AccountRow,
  type Order,
  ORDER_COLUMNS,
  type OrderRow,
  panelView,
  proposeRefund,
  readUnknownWord,
  readWaitingUpdates,
  toAccount,
  toOrder,
  type UnknownWord,
} from '@paxyo/ledger'
import { formatMoney, type Provider, type StatusUpdate } from '@paxyo/order-core'
import { isOfOrder, selectDeliveries, toFullDelivery } from '../deliveries/delivery-view.ts'
import { readOrderRefunds } from './order-refunds.ts'
import type { ReplayRouteDeps } from '../deliveries/replay-routes.ts'
import { selectReviews, toReview, type ReviewRow } from './review.ts'
import { mappedStatus } from './mapped-status.ts'

/** `GET /v1/reviews/:reviewId`: a review with its order, deliveries and refunds. */
export function registerReadReview(api: PanelApi, { db, pool, providers }: ApiDeps & ReplayRouteDeps): void {
  const schema = {
    params: z.object({ reviewId: z.uuid() }),
    ...operation({
      operationId: 'readReview',
      scope: 'read',
      tag: 'Reviews',
      summary: 'Read a review with its order, deliveries and refunds',
      responses: { 200: { description: 'The review and its order.', schema: reviewCaseSchema } },
      errors: ['review_not_found'],
    }),
  }
  api.get('/v1/reviews/:reviewId', { schema }, async (request, reply) => {
    const found = await readCase({ db, pool, providers }, request.params.reviewId)
    return found === undefined ? reject(reply, 'review_not_found') : reply.send(found)
  })
}

type CaseDeps = Pick<ApiDeps & ReplayRouteDeps, 'db' | 'pool' | 'providers'>

/** Reads from one snapshot, on one connection, because webhooks need the others. */
function readCase(deps: CaseDeps, reviewId: string): Promise<ReviewCase | undefined> {
  return transaction(deps.pool, async (client) => {
    const [, reviews] = await roundTrip([
      client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY'),
      runQuery(client, selectReviews(deps.db).where('review_id', '=', reviewId)),
    ])
    const review = reviews[0]
    return review && readAround(deps, client, review)
  })
}

const READ_ORDER = `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = $1`
const READ_ACCOUNT = `
  SELECT user_id, currency, balance, balance_mode, last_seq FROM accounts
  WHERE user_id = (SELECT user_id FROM orders WHERE order_id = $1)`

async function readAround({ db, providers }: CaseDeps, client: PoolClient, review: ReviewRow): Promise<ReviewCase> {
  const { review_id: reviewId, order_id: orderId, delivery_id: deliveryId } = review
  const otherReviews = selectReviews(db).where('order_id', '=', orderId).where('review_id', '<>', reviewId)
  const ofOrder = selectDeliveries(db).where(orderId === null ? sql<boolean>`false` : isOfOrder(orderId))
  const [opening, orders, accounts, deliveries, refunds, others, waiting, word] = await roundTrip([
    runQuery(client, selectDeliveries(db).where('delivery_id', '=', deliveryId)),
    client.query<OrderRow>(READ_ORDER, [orderId]),
    client.query<AccountRow>(READ_ACCOUNT, [orderId]),
    runQuery(client, ofOrder.orderBy('received_at', 'desc').limit(REVIEW_PARTS_MAX)),
    readOrderRefunds(client, orderId),
    runQuery(client, otherReviews.orderBy('review_id', 'desc').limit(REVIEW_PARTS_MAX)),
    readWaitingUpdates(client, reviewId),
    readUnknownWord(client, reviewId),
  ])
  const account = accounts.rows[0] && toAccount(accounts.rows[0])
  const order = orders.rows[0] && toOrder(orders.rows[0])
  return {
    review: toReview(review),
    userId: order?.userId ?? null,
    order: order && account ? panelView(order, account.currency) : null,
    account: account ? accountView(account) : null,
    proposal: (order && toProposal(order, waiting)) ?? null,
    unknownWord: word === undefined ? null : toUnknownWord(word, providers),
    delivery: toFullDelivery(opening[0]!),
    deliveries: deliveries.map(toFullDelivery),
    refunds,
    otherReviews: others.map(toReview),
  }
}

function toUnknownWord(found: UnknownWord, providers: readonly Provider[]): ReviewCase['unknownWord'] {
  const status = providers.find(({ name }) => name === found.provider)?.readStatus(found.word) ?? 'unknown'
  return { ...found, status: status === 'unknown' ? null : mappedStatus(status) }
}

function toProposal(order: Order, waiting: readonly StatusUpdate[]): ReviewCase['proposal'] | undefined {
  const proposed = proposeRefund(order, waiting)
  if (proposed === undefined) return undefined
  const { status, remains } = proposed.order
  return { refund: formatMoney(proposed.refund), status, remains }
}
