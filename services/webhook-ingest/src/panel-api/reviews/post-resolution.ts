import { roundTrip, runQuery } from '@paxyo/database'
import { readEpoch, resolveReview, type Resolution } from '@paxyo/ledger'
import { parseMoney } from '@paxyo/order-core'
import { resolvedSchema, resolveSchema } from '@paxyo/panel-client'
import { z } from 'zod'
import { accountView } from '../accounts/account-view.ts'
import {
  type ApiDeps,
  authorOf,
  idempotencyHeaders,
  commitRequest,
  operation,
  principalOf,
  reject,
  type PanelApi,
  sendResponse,
} from '@paxyo/panel-api-kit'
import { selectReviews, toReview } from './review.ts'

/** `POST /v1/reviews/:reviewId/resolve`: records a person's decision. */
export function registerPostResolution(api: PanelApi, deps: ApiDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: z.object({ reviewId: z.uuid() }),
    body: resolveSchema,
    ...operation({
      operationId: 'resolveReview',
      scope: 'reviews',
      tag: 'Reviews',
      summary: 'Resolve a review',
      description:
        'Approves the refund that waits (`approve`, recorded as a refund), pays another refund, sets the status, or ' +
        'changes nothing. Refunds need the scope `refunds:write`, too. The user sees changes at once. A review can be ' +
        'resolved once; a second attempt is rejected.',
      responses: { 200: { description: 'The resolved review.', schema: resolvedSchema } },
      errors: [
        'review_not_found',
        'review_resolved',
        'review_without_order',
        'review_not_approvable',
        'refund_changed',
        'refund_exceeds_charge',
        'refund_limit_exceeded',
        'balance_limit_exceeded',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/reviews/:reviewId/resolve', { schema }, async (request, reply) => {
    const { reviewId } = request.params
    const { action: wanted } = request.body
    if ((wanted === 'approve' || wanted === 'refund') && !principalOf(request).scopes.has('refunds:write')) {
      return reject(reply, 'scope_missing', 'a refund needs the scope `refunds:write`, too')
    }
    const resolution = toResolution(request.body, authorOf(request, request.body.actor))
    const response = await commitRequest(deps, request, async (tx) => {
      const done = await resolveReview(tx, reviewId, resolution)
      if (typeof done === 'string') return done
      const { resolved } = done
      const [reviews, epoch] = await roundTrip([
        runQuery(tx.client, selectReviews(deps.db).where('review_id', '=', reviewId)),
        readEpoch(tx.client),
      ])
      const body = {
        review: toReview(reviews[0]!),
        order: resolved?.order ?? null,
        account: resolved === undefined ? null : accountView(resolved.account),
        refund: resolved?.refund ?? null,
        seq: resolved?.account.lastSeq ?? null,
        epoch,
      }
      const { orderId, reason } = body.review
      const after = {
        action: resolution.action,
        orderId,
        status: resolved?.order.status,
        refund: resolved?.refund?.amount,
      }
      return { status: 200, body, audit: { before: { reason }, after } }
    })
    const { action, actor, keyId } = resolution
    const outcome = typeof response === 'string' ? response : response.status
    deps.log.info({ reviewId, action, actor, keyId, outcome }, 'review resolution')
    return sendResponse(reply, response)
  })
}

function toResolution(body: z.output<typeof resolveSchema>, author: ReturnType<typeof authorOf>): Resolution {
  const { action, note } = body
  return {
    action,
    refund: action === 'refund' || action === 'approve' ? parseMoney(body.amount) : 0n,
    status: action === 'refund' || action === 'set_status' ? body.status : undefined,
    note,
    ...author,
  }
}
