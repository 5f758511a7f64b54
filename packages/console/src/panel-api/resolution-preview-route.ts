import { transaction } from '@paxyo/database'
import { previewResolutions } from '@paxyo/ledger'
import { formatMoney } from '@paxyo/order-core'
import { operation, type ApiDeps, type PanelApi } from '@paxyo/panel-api-kit'
import { previewResolutionsQuery, resolutionPreviewSchema } from '@paxyo/panel-client'

/** `GET /v1/reviews/preview`: what the same resolution of all open reviews of a reason would do. */
export function registerResolutionPreview(api: PanelApi, { pool }: ApiDeps): void {
  const schema = {
    querystring: previewResolutionsQuery,
    ...operation({
      operationId: 'previewResolutions',
      scope: 'read',
      tag: 'Reviews',
      summary: 'Preview the same resolution of all open reviews of a reason',
      description:
        'What it would change and pay, as the orders are now, for at most 1,000 reviews, the oldest. Nothing is written; ' +
        'each review is resolved by a request of its own.',
      responses: { 200: { description: 'The preview.', schema: resolutionPreviewSchema } },
    }),
  }
  api.get('/v1/reviews/preview', { schema }, async (request, reply) => {
    const { reason, action, status } = request.query
    const preview = await transaction(pool, async (client) => {
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
      return previewResolutions(client, { reason, action, status })
    })
    const refunds = preview.refunds.map((refund) => ({ ...refund, amount: formatMoney(refund.amount) }))
    return reply.send({ ...preview, refunds })
  })
}
