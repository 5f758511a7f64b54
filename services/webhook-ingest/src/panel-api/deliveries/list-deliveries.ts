import type { Database } from '@paxyo/database'
import { readProviderOrdersOfUser } from '@paxyo/ledger'
import { deliverySchema, listDeliveriesQuery, pageSchema } from '@paxyo/panel-client'
import { sql, type Kysely, type RawBuilder } from 'kysely'
import {
  type ApiDeps,
  decodeCursor,
  encodeCursor,
  operation,
  type PanelApi,
  reject,
  toPage,
} from '@paxyo/panel-api-kit'
import { isOfOrder, RECEIVED_AT_EXACT, selectDeliveries, toDelivery } from './delivery-view.ts'
import { deliveryCursorSchema } from './delivery-range.ts'

/** A search without an index looks at so many deliveries for a page. */
const EXAMINED_MAX = 20_000
/** The deliveries of a user with more orders are searched: they are expected among the newest. */
const USER_ORDERS_MAX = 500

/** `GET /v1/deliveries`: deliveries with their outcomes. */
export function registerListDeliveries(api: PanelApi, { db, pool }: ApiDeps): void {
  const schema = {
    querystring: listDeliveriesQuery,
    ...operation({
      operationId: 'listDeliveries',
      scope: 'read',
      tag: 'Deliveries',
      summary: 'List deliveries, newest first',
      description:
        'A search by provider, by an outcome other than `review` and `parked`, or by a user with many orders looks at 20,000 ' +
        'deliveries for a page: it may be short or empty, and goes on with `nextCursor`.',
      responses: { 200: { description: 'A page of deliveries.', schema: pageSchema(deliverySchema) } },
      errors: ['invalid_cursor'],
    }),
  }
  api.get('/v1/deliveries', { schema }, async (request, reply) => {
    const { limit, cursor, outcome, orderId, userId, provider, providerOrderId, from, to } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(deliveryCursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')

    const range: RawBuilder<boolean>[] = []
    if (from !== undefined) range.push(sql`deliveries.received_at >= ${new Date(from)}`)
    if (to !== undefined) range.push(sql`deliveries.received_at < ${new Date(to)}`)
    if (position !== undefined) range.push(compare('<', position))
    const wanted: RawBuilder<boolean>[] = []
    if (outcome !== undefined) wanted.push(sql`deliveries.outcome = ${outcome}`)
    if (orderId !== undefined) wanted.push(isOfOrder(orderId))
    if (userId !== undefined) wanted.push(sql`holder.user_id = ${userId}`)
    const few = userId === undefined ? undefined : await readProviderOrdersOfUser(pool, userId, USER_ORDERS_MAX)
    if (few !== undefined) wanted.push(sql`deliveries.provider_order_id = ANY (${few}::text[])`)
    if (provider !== undefined) wanted.push(sql`deliveries.provider = ${provider}`)
    if (providerOrderId !== undefined) wanted.push(sql`deliveries.provider_order_id = ${providerOrderId}`)

    // Few deliveries are in review or parked, and these have an index, as those of an order have.
    const isIndexed = (orderId ?? providerOrderId ?? few) !== undefined || outcome === 'review' || outcome === 'parked'
    const isSearch = !isIndexed && (outcome ?? provider ?? userId) !== undefined
    const end = isSearch ? await findLastExamined(db, range) : undefined
    const examined = end === undefined ? range : [...range, compare('>=', end)]
    // Sorting by an expression, the planner cannot read all in their order instead.
    const time = few === undefined ? sql`deliveries.received_at` : sql`deliveries.received_at + interval '0'`
    const rows = await selectDeliveries(db)
      .select(RECEIVED_AT_EXACT.as('received_at_exact'))
      .where((where) => where.and([...examined, ...wanted]))
      .orderBy(time, 'desc')
      .orderBy('delivery_id', 'desc')
      .limit(limit + 1)
      .execute()
    const page = toPage(rows, limit, (row) => [row.received_at_exact, row.delivery_id], toDelivery)
    return reply.send({ ...page, nextCursor: page.nextCursor ?? (end === undefined ? null : encodeCursor(end)) })
  })
}

type Position = readonly [receivedAt: string, deliveryId: string]

/** @returns the position of the last delivery that a page looks at; undefined when fewer are left. */
async function findLastExamined(
  db: Kysely<Database>,
  range: readonly RawBuilder<boolean>[],
): Promise<Position | undefined> {
  const last = db
    .selectFrom('deliveries')
    .select(['received_at', 'delivery_id'])
    .where((where) => where.and(range))
    .orderBy('received_at', 'desc')
    .orderBy('delivery_id', 'desc')
    .offset(EXAMINED_MAX - 1)
    .limit(1)
  // Only its time is formatted, and not those of the deliveries before it.
  const row = await db
    .selectFrom(last.as('deliveries'))
    .select([RECEIVED_AT_EXACT.as('received_at_exact'), 'delivery_id'])
    .executeTakeFirst()
  return row && [row.received_at_exact, row.delivery_id]
}

/** The comparison of the time alone excludes partitions. */
const compare = (operator: '<' | '>=', [receivedAt, deliveryId]: Position): RawBuilder<boolean> => sql`
  deliveries.received_at ${sql.raw(operator === '<' ? '<=' : '>=')} ${receivedAt}::timestamptz
  AND (deliveries.received_at, deliveries.delivery_id) ${sql.raw(operator)} (${receivedAt}::timestamptz, ${deliveryId})`
