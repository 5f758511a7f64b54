import type { StatusUpdate } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import type { Delivery } from '../model/delivery.ts'
import { providerOrderColumns, providerOrderKey, type ProviderOrder } from '../model/provider-order.ts'

/** A delivery that was committed, and that waits until an order has its provider order. */
export type WaitingDelivery = Delivery & { readonly update: StatusUpdate; readonly wasParked: true }

/** The columns of a {@link WaitingRow}. */
export const WAITING_COLUMNS = 'delivery_id, provider, received_at, waiting_update'

const READ_WAITING = `
  SELECT ${WAITING_COLUMNS}
  FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_order_id)
  JOIN deliveries USING (provider_order_id, provider)
  WHERE waiting_update IS NOT NULL AND outcome IN ('parked', 'superseded')
  ORDER BY received_at, delivery_id`

export interface WaitingRow {
  readonly delivery_id: string
  readonly provider: string
  readonly received_at: Date
  readonly waiting_update: string
}

/** Deliveries that wait for these provider orders, in the order of their arrival, by {@link providerOrderKey}. */
export async function readWaitingDeliveries(
  client: PoolClient,
  providerOrders: readonly ProviderOrder[],
): Promise<Map<string, WaitingDelivery[]>> {
  const { rows } = await client.query<WaitingRow>({
    name: 'read_waiting_deliveries',
    text: READ_WAITING,
    values: providerOrderColumns(providerOrders),
  })
  return Map.groupBy(rows.map(toWaitingDelivery), ({ provider, update }) => providerOrderKey({ ...update, provider }))
}

/** Its body stays where it is: what was parsed on arrival is enough. */
export function toWaitingDelivery(row: WaitingRow): WaitingDelivery {
  const { delivery_id: deliveryId, provider, received_at: receivedAt } = row
  const update = JSON.parse(row.waiting_update) as StatusUpdate
  return { deliveryId, provider, update, body: '', receivedAt, wasParked: true }
}
