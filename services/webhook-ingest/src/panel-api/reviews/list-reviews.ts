import { listReviewsQuery, pageSchema, reviewSchema } from '@paxyo/panel-client'
import { z } from 'zod'
import { type ApiDeps, decodeCursor, operation, type PanelApi, reject, toPage } from '@paxyo/panel-api-kit'
import { selectReviews, toReview } from './review.ts'

const cursorSchema = z.tuple([z.uuid()])

/** `GET /v1/reviews`: open and resolved reviews. */
export function registerListReviews(api: PanelApi, { db }: ApiDeps): void {
  const schema = {
    querystring: listReviewsQuery,
    ...operation({
      operationId: 'listReviews',
      scope: 'read',
      tag: 'Reviews',
      summary: 'List reviews',
      responses: { 200: { description: 'A page of reviews.', schema: pageSchema(reviewSchema) } },
      errors: ['invalid_cursor'],
    }),
  }
  api.get('/v1/reviews', { schema }, async (request, reply) => {
    const { limit, cursor, state, reason, orderId, order } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')

    // Ids sort by creation time.
    let query = selectReviews(db)
      .orderBy('review_id', order === 'oldest' ? 'asc' : 'desc')
      .limit(limit + 1)
    if (state !== undefined) query = query.where('resolved_at', state === 'open' ? 'is' : 'is not', null)
    if (orderId !== undefined) query = query.where('order_id', '=', orderId)
    if (reason !== undefined) query = query.where('reason', '=', reason)
    if (position !== undefined) query = query.where('review_id', order === 'oldest' ? '>' : '<', position[0])
    return reply.send(toPage(await query.execute(), limit, (row) => [row.review_id], toReview))
  })
}
