import { identifierSchema, orderStatusSchema, orderViewSchema, refundViewSchema, seqSchema } from '@paxyo/contracts'
import { parseMoney } from '@paxyo/order-core'
import { z } from 'zod'
import { accountSchema } from '../accounts/account-schemas.ts'
import { sendAnswer } from '../kit/answer.ts'
import { idempotencyHeaders, idempotentRequest } from '../kit/idempotency.ts'
import { keyHolderOf } from '../kit/authenticated-key.ts'
import { namedSchemas, operation } from '../kit/operation.ts'
import type { PanelApi, PanelApiDeps } from '../panel-api.ts'
import { positionFields } from '../kit/position.ts'
import { reviewSchema } from './review.ts'
import { resolveReview, type ResolveRequest } from '@paxyo/ledger'

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
export function registerPostResolution(api: PanelApi, deps: PanelApiDeps): void {
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
    const decision = toDecision(request.body, keyHolderOf(request))
    const answer = await resolveReview(deps, reviewId, decision, idempotentRequest(request))
    const { action, actor, keyId } = decision
    const outcome = typeof answer === 'string' ? answer : answer.status
    deps.log.info({ reviewId, action, actor, keyId, outcome }, 'review resolution')
    return sendAnswer(reply, answer)
  })
}

function toDecision(body: z.output<typeof resolveSchema>, keyId: string): ResolveRequest {
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
