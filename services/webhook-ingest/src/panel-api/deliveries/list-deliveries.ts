import { deliverySchema, listDeliveriesQuery, pageSchema } from '@paxyo/panel-client'
import { sql } from 'kysely'
import { refuse } from '../kit/answer.ts'
import { operation } from '../kit/operation.ts'
import { decodeCursor, toPage } from '../kit/page.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { isOfOrder, RECEIVED_AT_EXACT, selectDeliveries, toDelivery } from './delivery-view.ts'
import { deliveryCursorSchema } from './delivery-range.ts'

/** `GET /v1/deliveries`: what the provider sent, and what became of it. */
export function registerListDeliveries(api: PanelApi, { db }: ApiDeps): void {
  const schema = {
    querystring: listDeliveriesQuery,
    ...operation({
      operationId: 'listDeliveries',
      tag: 'Deliveries',
      summary: 'List deliveries, the newest first',
      answers: { 200: { description: 'A page of them.', schema: pageSchema(deliverySchema) } },
      refusals: ['invalid_cursor'],
    }),
  }
  api.get('/v1/deliveries', { schema }, async (request, reply) => {
    const { limit, cursor, outcome, orderId, provider, providerOrderId, from, to } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(deliveryCursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return refuse(reply, 'invalid_cursor')

    let query = selectDeliveries(db)
      .select(RECEIVED_AT_EXACT.as('received_at_exact'))
      .orderBy('received_at', 'desc')
      .orderBy('delivery_id', 'desc')
      .limit(limit + 1)
    if (outcome !== undefined) query = query.where('outcome', '=', outcome)
    if (orderId !== undefined) query = query.where(isOfOrder(orderId))
    if (provider !== undefined) query = query.where('deliveries.provider', '=', provider)
    if (providerOrderId !== undefined) query = query.where('provider_order_id', '=', providerOrderId)
    if (from !== undefined) query = query.where('received_at', '>=', new Date(from))
    if (to !== undefined) query = query.where('received_at', '<', new Date(to))
    if (position !== undefined) {
      const [receivedAt, deliveryId] = position
      query = query.where(
        sql<boolean>`(deliveries.received_at, deliveries.delivery_id) < (${receivedAt}::timestamptz, ${deliveryId})`,
      )
    }
    const rows = await query.execute()
    return reply.send(toPage(rows, limit, (row) => [row.received_at_exact, row.delivery_id], toDelivery))
  })
}
