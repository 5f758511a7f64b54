import type { Database } from '@paxyo/database'
import type { listOrdersQuery } from '@paxyo/panel-client'
import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { z } from 'zod'
import { selectPanelOrders } from './panel-order.ts'
import { holderOf } from './provider-orders.ts'

export type OrderFilter = Pick<
  z.output<typeof listOrdersQuery>,
  'userId' | 'provider' | 'providerOrderId' | 'status' | 'from' | 'to'
>

/** The registration time of an order in microseconds, and its id. */
export type OrderPosition = readonly [createdAtUs: number, orderId: string]

/** Orders after a position, newest first. */
export function selectOrdersAfter(
  db: Kysely<Database>,
  { userId, provider, providerOrderId, status, from, to }: OrderFilter,
  after: OrderPosition | undefined,
) {
  let query = selectPanelOrders(db).orderBy('orders.created_at', 'desc').orderBy('orders.order_id')
  if (userId !== undefined) query = query.where('orders.user_id', '=', userId)
  if (provider !== undefined && providerOrderId !== undefined) {
    query = query.where('orders.order_id', '=', holderOf(sql`${provider}`, sql`${providerOrderId}`))
  } else if (provider !== undefined) query = query.where('orders.provider', '=', provider)
  if (status !== undefined) query = query.where('orders.status', '=', status)
  if (from !== undefined) query = query.where('orders.created_at', '>=', new Date(from))
  if (to !== undefined) query = query.where('orders.created_at', '<', new Date(to))
  if (after === undefined) return query
  const [createdAtUs, orderId] = after
  const time = timeOf(createdAtUs)
  return query
    .where('orders.created_at', '<=', time)
    .where((eb) => eb.or([eb('orders.created_at', '<', time), eb('orders.order_id', '>', orderId)]))
}

const timeOf = (us: number): RawBuilder<Date> =>
  sql<Date>`timestamptz 'epoch' + ${us}::bigint * interval '1 microsecond'`
