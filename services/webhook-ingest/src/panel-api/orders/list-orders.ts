import { identifierSchema } from '@paxyo/contracts'
import type { Database } from '@paxyo/database'
import { listOrdersQuery, pageSchema, panelOrderSchema } from '@paxyo/panel-client'
import { sql, type Kysely, type RawBuilder } from 'kysely'
import { z } from 'zod'
import { reject } from '../kit/response.ts'
import { operation } from '../kit/operation.ts'
import { decodeCursor, toPage } from '../kit/page.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { selectPanelOrders, toPanelOrder } from './panel-order.ts'
import { holderOf } from './provider-orders.ts'
import { resolveProvider, type RegistrationDeps } from './to-registration.ts'

/** The registration time of the last order on a page, in microseconds, and its id. */
const cursorSchema = z.tuple([z.int(), identifierSchema])
type Cursor = z.infer<typeof cursorSchema>

/** `GET /v1/orders`: orders, optionally filtered by user, provider, status and time, newest first. */
export function registerListOrders(api: PanelApi, deps: ApiDeps & RegistrationDeps): void {
  const schema = {
    querystring: listOrdersQuery,
    ...operation({
      operationId: 'listOrders',
      tag: 'Orders',
      summary: 'List orders, newest first',
      responses: { 200: { description: 'A page of orders.', schema: pageSchema(panelOrderSchema) } },
      errors: ['invalid_cursor', 'unknown_provider'],
    }),
  }
  api.get('/v1/orders', { schema }, async (request, reply) => {
    const { cursor, limit, provider, providerOrderId } = request.query
    const after = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && after === undefined) return reject(reply, 'invalid_cursor')
    let query = selectPage(deps.db, request.query, after)
    if (providerOrderId !== undefined) {
      const name = resolveProvider(deps, provider)
      if (typeof name !== 'string') return reject(reply, name.code, name.detail)
      query = query.where('orders.order_id', '=', holderOf(sql`${name}`, sql`${providerOrderId}`))
    } else if (provider !== undefined) query = query.where('orders.provider', '=', provider)
    const rows = await query.execute()
    return reply.send(toPage(rows, limit, (row) => [row.created_at_us, row.order_id], toPanelOrder))
  })
}

function selectPage(
  db: Kysely<Database>,
  { userId, status, from, to, limit }: z.output<typeof listOrdersQuery>,
  after: Cursor | undefined,
) {
  let query = selectPanelOrders(db)
    .orderBy('orders.created_at', 'desc')
    .orderBy('orders.order_id')
    .limit(limit + 1)
  if (userId !== undefined) query = query.where('orders.user_id', '=', userId)
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
