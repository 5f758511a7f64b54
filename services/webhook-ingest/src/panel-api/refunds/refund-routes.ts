import { formatFeedCursor, parseFeedCursor, readRefundFeed } from '@paxyo/ledger'
import { readRefundsQuery, refundFeedSchema, type PanelRefund } from '@paxyo/panel-client'
import { type ApiDeps, operation, type PanelApi, reject } from '@paxyo/panel-api-kit'

/** `GET /v1/refunds`: every refund once, in commit order. */
export function registerRefundRoutes(api: PanelApi, { pool }: ApiDeps): void {
  const schema = {
    querystring: readRefundsQuery,
    ...operation({
      operationId: 'readRefunds',
      scope: 'read',
      tag: 'Refunds',
      summary: 'Follow refunds from a cursor',
      description:
        'Returns refunds in commit order. A new refund always comes after those already returned, so a client that ' +
        'follows the cursor gets each refund exactly once.',
      responses: { 200: { description: 'The refunds after the cursor.', schema: refundFeedSchema } },
      errors: ['invalid_cursor', 'cursor_void'],
    }),
  }
  api.get('/v1/refunds', { schema }, async (request, reply) => {
    const { after, limit } = request.query
    const cursor = after === undefined ? undefined : parseFeedCursor(after)
    if (after !== undefined && cursor === undefined) return reject(reply, 'invalid_cursor')
    const page = await readRefundFeed(pool, cursor, limit)
    if (page === 'cursor_void') return reject(reply, page)
    const data: readonly PanelRefund[] = page.refunds
    return reply.send({ data, cursor: formatFeedCursor(page.cursor), hasMore: page.hasMore })
  })
}
