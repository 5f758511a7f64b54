import { deliverySchema, listDeliveriesQuery, pageSchema } from '@paxyo/panel-client'
import { sql } from 'kysely'
import { type ApiDeps, decodeCursor, operation, type PanelApi, reject, toPage } from '@paxyo/panel-api-kit'
import { isOfOrder, isOfUser, RECEIVED_AT_EXACT, selectDeliveries, toDelivery } from './delivery-view.ts'
import { deliveryCursorSchema } from './delivery-range.ts'

/** `GET /v1/deliveries`: deliveries with their outcomes. */
export function registerListDeliveries(api: PanelApi, { db }: ApiDeps): void {
  const schema = {
    querystring: listDeliveriesQuery,
    ...operation({
      operationId: 'listDeliveries',
      scope: 'read',
      tag: 'Deliveries',
      summary: 'List deliveries, newest first',
      responses: { 200: { description: 'A page of deliveries.', schema: pageSchema(deliverySchema) } },
      errors: ['invalid_cursor'],
    }),
  }
  api.get('/v1/deliveries', { schema }, async (request, reply) => {
    const { limit, cursor, outcome, orderId, userId, provider, providerOrderId, from, to } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(deliveryCursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')

    let query = selectDeliveries(db)
      .select(RECEIVED_AT_EXACT.as('received_at_exact'))
      .orderBy('received_at', 'desc')
      .orderBy('delivery_id', 'desc')
      .limit(limit + 1)
    if (outcome !== undefined) query = query.where('outcome', '=', outcome)
    if (orderId !== undefined) query = query.where(isOfOrder(orderId))
    if (userId !== undefined) query = query.where(isOfUser(userId))
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
