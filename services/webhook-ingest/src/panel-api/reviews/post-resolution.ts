import { identifierSchema, orderStatusSchema, orderViewSchema, refundViewSchema, seqSchema } from '@paxyo/contracts'
import { roundTrip, runQuery } from '@paxyo/database'
import { resolveReview, type Resolution } from '@paxyo/ledger'
import { parseMoney } from '@paxyo/order-core'
import { z } from 'zod'
import { accountSchema } from '../accounts/account-schemas.ts'
import { accountView } from '../accounts/account-view.ts'
import { sendAnswer } from '../kit/answer.ts'
import { commitOnce, idempotencyHeaders, idempotentRequest } from '../kit/idempotency.ts'
import { authenticatedKeyOf } from '../kit/authenticated-key.ts'
import { namedSchemas, operation } from '../kit/operation.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { positionFields, readEpoch } from '../kit/position.ts'
import { reviewSchema, selectReviews, toReview } from './review.ts'

const NOTE_LENGTH_MAX = 2000

const who = {
  note: z
    .string()
    .max(NOTE_LENGTH_MAX)
    .regex(/^[^\0]*[^\s\0][^\0]*$/, 'must say something, without NUL')
    .refine((text) => text.isWellFormed(), 'must not contain half a character')
    .describe('Why; whoever looks at it later reads this.'),
  actor: identifierSchema.optional().describe('Who decided it; the name of the API key when it is not given.'),
}

const resolveSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('dismiss'), ...who }),
  z.strictObject({
    action: z.literal('refund'),
    amount: z
      .string()
      .regex(/^(?!0+(?:\.0+)?$)\d{1,12}(?:\.\d{1,8})?$/, 'must be a decimal string above zero such as "2.50"')
      .describe('What is paid back beside what was before; no more than the charge in all.'),
    status: orderStatusSchema.optional().describe('What the order becomes; it stays as it is without it.'),
    ...who,
  }),
  z.strictObject({
    action: z.literal('set_status'),
    status: orderStatusSchema.describe('No money moves, not even for `canceled`.'),
    ...who,
  }),
])
namedSchemas.add(resolveSchema, { id: 'Resolve' })

const resolvedSchema = z.object({
  review: reviewSchema,
  order: orderViewSchema.nullable(),
  account: accountSchema.nullable(),
  refund: refundViewSchema.nullable(),
  seq: seqSchema.nullable().describe("The user's seq after this change; null when the review is about no order."),
  epoch: positionFields.epoch,
})

/** `POST /v1/reviews/:reviewId/resolve`: a person has decided. */
export function registerPostResolution(api: PanelApi, deps: ApiDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: z.object({ reviewId: z.uuid() }),
    body: resolveSchema,
    ...operation({
      operationId: 'resolveReview',
      tag: 'Reviews',
      summary: 'Resolve a review',
      description:
        'Pays, sets the status, or leaves everything as it is. The user sees what changed at once. A review is ' +
        'resolved once; who comes second is told so.',
      answers: { 200: { description: 'It is resolved.', schema: resolvedSchema } },
      refusals: [
        'review_not_found',
        'review_resolved',
        'review_without_order',
        'refund_exceeds_charge',
        'balance_limit_exceeded',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/reviews/:reviewId/resolve', { schema }, async (request, reply) => {
    const { reviewId } = request.params
    const resolution = toResolution(request.body, authenticatedKeyOf(request))
    const answer = await commitOnce(deps, idempotentRequest(request), async (tx) => {
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
      return { status: 200, body }
    })
    const { action, actor, keyId } = resolution
    const outcome = typeof answer === 'string' ? answer : answer.status
    deps.log.info({ reviewId, action, actor, keyId, outcome }, 'review resolution')
    return sendAnswer(reply, answer)
  })
}

function toResolution(body: z.output<typeof resolveSchema>, keyId: string): Resolution {
  const { action, note, actor } = body
  return {
    action,
    refund: action === 'refund' ? parseMoney(body.amount) : 0n,
    status: action === 'dismiss' ? undefined : body.status,
    note,
    actor,
    keyId,
  }
}
