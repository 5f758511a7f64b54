import { formatFeedCursor, parseFeedCursor, readRefundFeed } from '@paxyo/ledger'
import { z } from 'zod'
import { refuse } from '../kit/answer.ts'
import { operation } from '../kit/operation.ts'
import { pageQuery } from '../kit/page.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { refundSchema } from './refund.ts'

const feedSchema = z.object({
  data: z.array(refundSchema),
  cursor: z.string().describe('Keep this, and give it as `after` the next time; it is there even when nothing came.'),
  hasMore: z.boolean().describe('Whether there is more to be read at once.'),
})

/** `GET /v1/refunds`: every refund once, in the order of their commits. */
export function registerRefundRoutes(api: PanelApi, { pool }: ApiDeps): void {
  const schema = {
    querystring: z.strictObject({
      limit: pageQuery.limit,
      after: z.string().max(64).optional().describe('`cursor` of the answer before; without it, from the beginning.'),
    }),
    ...operation({
      operationId: 'readRefunds',
      tag: 'Refunds',
      summary: 'Follow refunds from where you were',
      description:
        'In the order of their commits. A refund never appears before one that was given out, so who follows the ' +
        'cursor gets each exactly once.',
      answers: { 200: { description: 'The refunds after the cursor.', schema: feedSchema } },
      refusals: ['invalid_cursor', 'cursor_void'],
    }),
  }
  api.get('/v1/refunds', { schema }, async (request, reply) => {
    const { after, limit } = request.query
    const cursor = after === undefined ? undefined : parseFeedCursor(after)
    if (after !== undefined && cursor === undefined) return refuse(reply, 'invalid_cursor')
    const page = await readRefundFeed(pool, cursor, limit)
    if (page === 'cursor_void') return refuse(reply, page)
    return reply.send({ data: page.refunds, cursor: formatFeedCursor(page.cursor), hasMore: page.hasMore })
  })
}
