import type { ErrorCode } from '@paxyo/contracts'
import { replayWordSchema, wordReplaySchema, type WordReplay } from '@paxyo/panel-client'
import { z } from 'zod'
import { replayDeliveries, type ReplayResult } from '../deliveries/replay-deliveries.ts'
import type { ReplayRouteDeps } from '../deliveries/replay-routes.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { authenticatedKeyOf } from '../kit/authenticated-key.ts'
import { operation } from '../kit/operation.ts'
import { reject } from '../kit/response.ts'
import { countWithWord, dismissReviews, findWithWord, mappedStatus, readStatusWord } from './unknown-word.ts'

interface WordReplayRequest {
  readonly reviewId: string
  readonly limit: number
  readonly actor: string | undefined
  readonly keyId: string
}

/** `POST /v1/reviews/:reviewId/replay`: replays all deliveries with the review's status word, once it is mapped. */
export function registerReplayReview(api: PanelApi, deps: ApiDeps & ReplayRouteDeps): void {
  const schema = {
    params: z.object({ reviewId: z.uuid() }),
    body: replayWordSchema,
    ...operation({
      operationId: 'replayReview',
      tag: 'Reviews',
      summary: "Replay the deliveries with a review's unknown status word",
      description:
        'For a review with the reason `unknown_status`, once its word is mapped (`STATUS_MAP`): replays the deliveries of ' +
        'all orders with that word, in order of arrival, and dismisses their reviews. Repeat it while `remaining` is not ' +
        '0; deliveries that were replayed are not replayed again. A replay never pays a refund twice.',
      responses: { 200: { description: 'The replays are committed.', schema: wordReplaySchema } },
      errors: [
        'review_not_found',
        'review_without_word',
        'status_word_unmapped',
        'unknown_provider',
        'queue_full',
        'shutting_down',
      ],
    }),
  }
  api.post('/v1/reviews/:reviewId/replay', { schema }, async (request, reply) => {
    const { limit, actor } = request.body
    const { reviewId } = request.params
    const keyId = authenticatedKeyOf(request)
    const result = await replayWord(deps, { reviewId, limit, actor, keyId })
    deps.log.info({ reviewId, keyId, ...(typeof result === 'string' ? { error: result } : result) }, 'word replayed')
    return typeof result === 'string' ? reject(reply, result) : reply.send(result)
  })
}

async function replayWord(
  deps: ApiDeps & ReplayRouteDeps,
  request: WordReplayRequest,
): Promise<WordReplay | ErrorCode> {
  const { pool, db, providers } = deps
  const { reviewId, limit, actor, keyId } = request
  const found = await readStatusWord(pool, reviewId)
  if (found === undefined) {
    const review = await db.selectFrom('reviews').select('reason').where('review_id', '=', reviewId).executeTakeFirst()
    return review === undefined ? 'review_not_found' : 'review_without_word'
  }
  const provider = providers.find(({ name }) => name === found.provider)
  if (provider === undefined) return 'unknown_provider'
  const status = mappedStatus(provider.readStatus(found.word))
  if (status === null) return 'status_word_unmapped'

  const ids = await findWithWord(pool, found, limit)
  const results = await replayDeliveries({ ...deps, now: () => new Date() }, ids, undefined)
  if (typeof results === 'string') return results
  const key = await db.selectFrom('api_keys').select('name').where('key_id', '=', keyId).executeTakeFirst()
  const note = `the status word "${found.word}" means ${status} now; its deliveries were replayed`
  const by = { actor: actor ?? key?.name ?? keyId, keyId, note }
  const reviewsDismissed = ids.length === 0 ? 0 : await dismissReviews(deps, ids, by)
  return { ...found, status, ...summarize(results), reviewsDismissed, remaining: await countWithWord(pool, found) }
}

function summarize(results: readonly ReplayResult[]): Pick<WordReplay, 'replayed' | 'outcomes' | 'refunds'> {
  const outcomes: WordReplay['outcomes'] = {}
  for (const { outcome } of results) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  const refunds = results.flatMap(({ deliveryId, refund }) => (refund === null ? [] : [{ deliveryId, amount: refund }]))
  return { replayed: results.length, outcomes, refunds }
}
