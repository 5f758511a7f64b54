import { identifierSchema } from '@paxyo/contracts'
import { listOrdersQuery, orderPageSchema } from '@paxyo/panel-client'
import { z } from 'zod'
import { parseFeedCursor } from '@paxyo/ledger'
import {
  type ApiDeps,
  decodeCursor,
  operation,
  type PanelApi,
  reject,
  type RejectCursor,
  toPage,
} from '@paxyo/panel-api-kit'
import { copyOrders } from './copy-orders.ts'
import { toPanelOrder } from './panel-order.ts'
import { selectOrdersAfter } from './select-orders.ts'
import { resolveProvider, type RegistrationDeps } from './to-registration.ts'

const cursorSchema = z.tuple([z.int(), identifierSchema])
/** With the cursor of the changes feed. */
const copyCursorSchema = z.tuple([z.int(), identifierSchema, z.string().max(64)])

const COPY_HINT = 'copy the orders again from the first page'

/** `GET /v1/orders`: orders, optionally filtered by user, provider, status and time, newest first. */
export function registerListOrders(
  api: PanelApi,
  deps: ApiDeps & RegistrationDeps & { readonly rejectCursor: RejectCursor },
): void {
  const { db, pool, rejectCursor } = deps
  const schema = {
    querystring: listOrdersQuery,
    ...operation({
      operationId: 'listOrders',
      scope: 'read',
      tag: 'Orders',
      summary: 'List orders, newest first',
      description:
        'With `updatedAfter` it copies the orders: all pages together with the changes after `changesCursor` miss nothing.',
      responses: { 200: { description: 'A page of orders.', schema: orderPageSchema } },
      errors: ['invalid_cursor', 'cursor_void', 'unknown_provider'],
    }),
  }
  api.get('/v1/orders', { schema }, async (request, reply) => {
    const { cursor, limit, updatedAfter, ...filter } = request.query
    if (filter.providerOrderId !== undefined) {
      const provider = resolveProvider(deps, filter.provider)
      if (typeof provider !== 'string') return reject(reply, provider.code, provider.detail)
      filter.provider = provider
    }
    if (updatedAfter === undefined) {
      const after = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
      if (cursor !== undefined && after === undefined) return reject(reply, 'invalid_cursor')
      const rows = await selectOrdersAfter(db, filter, after)
        .limit(limit + 1)
        .execute()
      return reply.send(toPage(rows, limit, (row) => [row.created_at_us, row.order_id], toPanelOrder))
    }
    const after = cursor === undefined ? undefined : decodeCursor(copyCursorSchema, cursor)
    const changesCursor = after && parseFeedCursor(after[2])
    if (cursor !== undefined && changesCursor === undefined) return reject(reply, 'invalid_cursor')
    const from = after && changesCursor && { position: [after[0], after[1]] as const, changesCursor }
    const page = await copyOrders({ db, pool }, { filter, updatedAfter: new Date(updatedAfter), limit, from })
    return typeof page === 'string' ? rejectCursor(reply, after?.[2], page, COPY_HINT) : reply.send(page)
  })
}
