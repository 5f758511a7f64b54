import type { OrderStatus } from '@paxyo/contracts'
import { mapWord, previewWord, type MappedWords, type WordMeaning, type WordPreview } from '@paxyo/ledger'
import { formatMoney, type Provider } from '@paxyo/order-core'
import {
  authorOf,
  commitRequest,
  idempotencyHeaders,
  operation,
  principalOf,
  reject,
  sendResponse,
  type ApiDeps,
  type PanelApi,
} from '@paxyo/panel-api-kit'
import {
  mappedWordSchema,
  mapWordSchema,
  previewWordQuery,
  wordPreviewSchema,
  type WordPreviewView,
} from '@paxyo/panel-client'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

export interface WordRouteDeps extends ApiDeps {
  readonly providers: readonly Provider[]
  readonly mappedWords: Pick<MappedWords, 'refresh'>
}

const params = z.object({ reviewId: z.uuid() })
/** Every later update with the word refunds, however many there are. */
const REFUNDING: ReadonlySet<WordMeaning> = new Set(['canceled', 'partial'])

/** Gives status words of providers a meaning while the services run. */
export function registerWordRoutes(api: PanelApi, deps: WordRouteDeps): void {
  registerPreview(api, deps)
  registerMapping(api, deps)
}

function registerPreview(api: PanelApi, deps: WordRouteDeps): void {
  const schema = {
    params,
    querystring: previewWordQuery,
    ...operation({
      operationId: 'previewWord',
      scope: 'read',
      tag: 'Reviews',
      summary: "Preview what a review's status word would do with a meaning",
      description:
        'For a review with the reason `unknown_status`: what the replay of the deliveries with its word would change and ' +
        'pay if the word had this meaning, as the orders are now. Nothing is written.',
      responses: { 200: { description: 'The preview.', schema: wordPreviewSchema } },
      errors: ['review_not_found', 'review_without_word', 'unknown_provider'],
    }),
  }
  api.get('/v1/reviews/:reviewId/word-preview', { schema }, async (request, reply) => {
    const { status } = request.query
    const preview = await previewWord(deps, request.params.reviewId, toStatus(status))
    return typeof preview === 'string' ? reject(reply, preview) : reply.send(toView(preview, status))
  })
}

const toStatus = (meaning: WordMeaning): OrderStatus | 'ignored' => (meaning === 'ignore' ? 'ignored' : meaning)

const toView = (preview: WordPreview, status: WordMeaning): WordPreviewView => ({
  ...preview,
  status,
  refunds: preview.refunds.map((refund) => ({ ...refund, amount: formatMoney(refund.amount) })),
})

function registerMapping(api: PanelApi, deps: WordRouteDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params,
    body: mapWordSchema,
    ...operation({
      operationId: 'mapWord',
      scope: 'reviews',
      tag: 'Reviews',
      summary: "Give a review's unknown status word a meaning",
      description:
        "For a review with the reason `unknown_status`: all later updates of the review's provider with this word have this " +
        'meaning, in every process within a second. Updates from before are processed by `replay`. Another request gives ' +
        'the word another meaning. `canceled` and `partial` refund, so an API key needs the scope `refunds:write`, too, ' +
        'and an operator must be an owner.',
      responses: { 200: { description: 'The word has its meaning.', schema: mappedWordSchema } },
      errors: [
        'review_not_found',
        'review_without_word',
        'unknown_provider',
        'status_word_configured',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/reviews/:reviewId/map-word', { schema }, async (request, reply) => {
    const { status } = request.body
    if (REFUNDING.has(status) && !mayRefundAny(request)) {
      return reject(reply, 'scope_missing', 'a word that refunds is mapped by an owner, or a key with `refunds:write`')
    }
    // The words of the configuration are told apart by what this process knows.
    await deps.mappedWords.refresh()
    const { actor, keyId } = authorOf(request, request.body.actor)
    const { reviewId } = request.params
    const response = await commitRequest(deps, request, async (tx) => {
      const mapped = await mapWord(tx, deps.providers, { reviewId, status, actor, keyId })
      if (typeof mapped === 'string') return mapped
      const { before, ...body } = mapped
      const { provider, word } = body
      return { status: 200, body, audit: { before: { provider, word, status: before }, after: { status } } }
    })
    if (typeof response !== 'string') await deps.mappedWords.refresh()
    const outcome = typeof response === 'string' ? response : response.status
    deps.log.info({ reviewId, status, actor, keyId, outcome }, 'status word mapped')
    return sendResponse(reply, response)
  })
}

function mayRefundAny(request: FastifyRequest): boolean {
  const { kind, scopes } = principalOf(request)
  // Other operators refund within a limit.
  return scopes.has('refunds:write') && (kind === 'key' || scopes.has('operators'))
}
