import { deliveryIdSchema, deliveryResponseSchema, REPLAYS_SHOWN_MAX } from '@paxyo/panel-client'
import { z } from 'zod'
import { type ApiDeps, operation, type PanelApi, reject } from '@paxyo/panel-api-kit'
import { selectDeliveries, toDelivery, toFullDelivery } from './delivery-view.ts'

export const deliveryParams = z.object({ deliveryId: deliveryIdSchema })

/** `GET /v1/deliveries/:deliveryId`: a delivery with its body. */
export function registerReadDelivery(api: PanelApi, { db }: ApiDeps): void {
  const schema = {
    params: deliveryParams,
    ...operation({
      operationId: 'readDelivery',
      scope: 'read',
      tag: 'Deliveries',
      summary: 'Read a delivery with its body',
      responses: { 200: { description: 'The delivery and its replays.', schema: deliveryResponseSchema } },
      errors: ['delivery_not_found'],
    }),
  }
  api.get('/v1/deliveries/:deliveryId', { schema }, async (request, reply) => {
    const { deliveryId } = request.params
    const row = await selectDeliveries(db).where('delivery_id', '=', deliveryId).executeTakeFirst()
    if (row === undefined) return reject(reply, 'delivery_not_found')
    const replays = await selectDeliveries(db)
      .where('replay_of', '=', deliveryId)
      .orderBy('received_at', 'desc')
      .limit(REPLAYS_SHOWN_MAX)
      .execute()
    return reply.send({ delivery: toFullDelivery(row), replays: replays.map(toDelivery) })
  })
}
