import { formatFeedCursor, parseFeedCursor, readRefundFeed } from '@paxyo/ledger'
import { readRefundsQuery, refundFeedSchema, type PanelRefund } from '@paxyo/panel-client'
import { refuse } from '../kit/answer.ts'
import { operation } from '../kit/operation.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'

/** `GET /v1/refunds`: every refund once, in the order of their commits. */
export function registerRefundRoutes(api: PanelApi, { pool }: ApiDeps): void {
  const schema = {
    querystring: readRefundsQuery,
    ...operation({
      operationId: 'readRefunds',
      tag: 'Refunds',
      summary: 'Follow refunds from where you were',
      description:
        'In the order of their commits. A refund never appears before one that was given out, so who follows the ' +
        'cursor gets each exactly once.',
      answers: { 200: { description: 'The refunds after the cursor.', schema: refundFeedSchema } },
      refusals: ['invalid_cursor', 'cursor_void'],
    }),
  }
  api.get('/v1/refunds', { schema }, async (request, reply) => {
    const { after, limit } = request.query
    const cursor = after === undefined ? undefined : parseFeedCursor(after)
    if (after !== undefined && cursor === undefined) return refuse(reply, 'invalid_cursor')
    const page = await readRefundFeed(pool, cursor, limit)
    if (page === 'cursor_void') return refuse(reply, page)
    const data: readonly PanelRefund[] = page.refunds
    return reply.send({ data, cursor: formatFeedCursor(page.cursor), hasMore: page.hasMore })
  })
}
