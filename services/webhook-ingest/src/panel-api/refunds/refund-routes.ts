import { formatFeedCursor, parseFeedCursor, readRefundFeed } from '@paxyo/ledger'
import { readRefundsQuery, refundFeedSchema, type PanelRefund } from '@paxyo/panel-client'
import { type ApiDeps, operation, type PanelApi, reject, type RejectCursor } from '@paxyo/panel-api-kit'

/** `GET /v1/refunds`: every refund once, in commit order. */
export function registerRefundRoutes(
  api: PanelApi,
  { pool, rejectCursor }: ApiDeps & { readonly rejectCursor: RejectCursor },
): void {
  const schema = {
    querystring: readRefundsQuery,
    ...operation({
      operationId: 'readRefunds',
      scope: 'read',
      tag: 'Refunds',
      summary: 'Follow refunds from a cursor',
      description:
        'Returns refunds in commit order. A new refund always comes after those already returned, so a client that ' +
        'follows the cursor gets each refund exactly once. A cursor that the database does not have, which happens for ' +
        'seconds during a failover, gets 503 `database_unavailable`: retry with it.',
      responses: { 200: { description: 'The refunds after the cursor.', schema: refundFeedSchema } },
      errors: ['invalid_cursor', 'cursor_void'],
    }),
  }
  api.get('/v1/refunds', { schema }, async (request, reply) => {
    const { after, limit } = request.query
    const cursor = after === undefined ? undefined : parseFeedCursor(after)
    if (after !== undefined && cursor === undefined) return reject(reply, 'invalid_cursor')
    const page = await readRefundFeed(pool, cursor, limit)
    if (typeof page === 'string') return rejectCursor(reply, after, page)
    const data: readonly PanelRefund[] = page.refunds
    return reply.send({ data, cursor: formatFeedCursor(page.cursor), hasMore: page.hasMore })
  })
}
