import { readReceipts } from '@paxyo/ledger'
import { identifierSchema, type OrderEvent } from '@paxyo/contracts'
import type { Database } from '@paxyo/database'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import { HISTORY_MAX, orderHistorySchema, type OrderActionView, type OrderHistory } from '@paxyo/panel-client'
import { sql, type Kysely } from 'kysely'
import { z } from 'zod'
import { type ApiDeps, operation, type PanelApi, reject } from '@paxyo/panel-api-kit'
import { selectPanelOrders, toPanelOrder } from './panel-order.ts'
import { isProviderOrderOf, readHeldProviderOrders } from './provider-orders.ts'

/** The number of the user's newest events in which those of the order are searched. */
const EVENTS_SEARCHED_MAX = 5_000

/** `GET /v1/orders/{orderId}`: an order with its history, such as to find its refund. */
export function registerGetOrder(api: PanelApi, { db }: ApiDeps): void {
  const schema = {
    params: z.object({ orderId: identifierSchema }),
    ...operation({
      operationId: 'getOrder',
      scope: 'read',
      tag: 'Orders',
      summary: 'Read an order with its history',
      description: `Contains the newest ${HISTORY_MAX} deliveries, refunds, actions and events, oldest first.`,
      responses: { 200: { description: 'The order and its history, from one snapshot.', schema: orderHistorySchema } },
      errors: ['order_not_found'],
    }),
  }
  api.get('/v1/orders/:orderId', { schema }, async (request, reply) => {
    const history = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute((snapshot) => readOrderHistory(snapshot, request.params.orderId))
    return history === undefined ? reject(reply, 'order_not_found') : reply.send(history)
  })
}

async function readOrderHistory(db: Kysely<Database>, orderId: string): Promise<OrderHistory | undefined> {
  const row = await selectPanelOrders(db).where('orders.order_id', '=', orderId).executeTakeFirst()
  if (row === undefined) return undefined
  const { epoch } = await db.selectFrom('stream_epoch').select('epoch').executeTakeFirstOrThrow()
  const providerOrders = await readHeldProviderOrders(db, row)
  const deliveries = await readDeliveries(db, orderId)
  const events = await readEvents(db, row.user_id, orderId)
  const refunds = await readRefunds(db, row.user_id, orderId, events)
  const actions = await readActions(db, orderId)
  return { order: toPanelOrder(row), seq: row.last_seq, epoch, providerOrders, deliveries, refunds, actions, events }
}

async function readDeliveries(db: Kysely<Database>, orderId: string): Promise<OrderHistory['deliveries']> {
  const rows = await db
    .selectFrom('deliveries')
    .select(['delivery_id', 'provider', 'provider_order_id', 'outcome', 'reason', 'body', 'received_at'])
    .where(isProviderOrderOf(orderId, sql.ref('provider'), sql.ref('provider_order_id')))
    .orderBy('received_at', 'desc')
    .limit(HISTORY_MAX)
    .execute()
  return rows.toReversed().map((row) => ({
    deliveryId: row.delivery_id,
    provider: row.provider,
    providerOrderId: row.provider_order_id!,
    outcome: row.outcome,
    reason: row.reason,
    body: row.body,
    receivedAt: row.received_at.toISOString(),
  }))
}

async function readRefunds(
  db: Kysely<Database>,
  userId: string,
  orderId: string,
  events: readonly OrderEvent[],
): Promise<OrderHistory['refunds']> {
  const rows = await db
    .selectFrom('ledger_entries')
    .select(['entry_id', 'amount', 'balance_after', 'created_at'])
    .where('order_id', '=', orderId)
    .where('kind', '=', 'refund')
    .orderBy('position', 'desc')
    .limit(HISTORY_MAX)
    .execute()
  const seqs = new Map(
    events.flatMap((event) =>
      'refund' in event && event.refund !== undefined ? [[event.refund.refundId, event.seq] as const] : [],
    ),
  )
  const receipts = await readReceipts(db, userId, [...seqs.values()])
  return rows.toReversed().map((row) => {
    const receipt = receipts.get(seqs.get(row.entry_id) ?? 0)
    return {
      refundId: row.entry_id,
      amount: formatMoney(parseMoney(row.amount)),
      balanceAfter: formatMoney(parseMoney(row.balance_after)),
      createdAt: row.created_at.toISOString(),
      sent:
        receipt?.sent === undefined
          ? null
          : { at: receipt.sent.at.toISOString(), connections: receipt.sent.connections },
      seenAt: receipt?.seenAt?.toISOString() ?? null,
    }
  })
}

async function readActions(db: Kysely<Database>, orderId: string): Promise<OrderHistory['actions']> {
  const rows = await db
    .selectFrom('operator_actions')
    .select(['action_id', 'action', 'status', 'refund_id', 'note', 'actor', 'key_id', 'created_at'])
    .where('order_id', '=', orderId)
    .orderBy('action_id', 'desc')
    .limit(HISTORY_MAX)
    .execute()
  return rows.toReversed().map((row) => ({
    actionId: row.action_id,
    action: row.action as OrderActionView['action'],
    status: row.status as OrderActionView['status'],
    refundId: row.refund_id,
    note: row.note,
    by: row.actor,
    keyId: row.key_id,
    at: row.created_at.toISOString(),
  }))
}

/** Events are stored by user, as they are sent. Those of an order are searched among its user's newest events. */
async function readEvents(db: Kysely<Database>, userId: string, orderId: string): Promise<OrderEvent[]> {
  const rows = await db
    .selectFrom(
      db
        .selectFrom('events')
        .select(['seq', sql<string>`event_payload(events)`.as('payload')])
        .where('user_id', '=', userId)
        .orderBy('seq', 'desc')
        .limit(EVENTS_SEARCHED_MAX)
        .as('newest'),
    )
    .select('payload')
    .where(sql`payload::json #>> '{order,orderId}'`, '=', orderId)
    .orderBy('seq', 'desc')
    .limit(HISTORY_MAX)
    .execute()
  return rows.toReversed().map(({ payload }) => JSON.parse(payload) as OrderEvent)
}
