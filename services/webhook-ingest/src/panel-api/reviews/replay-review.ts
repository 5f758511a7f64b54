import type { WordRouteDeps } from '@paxyo/console'
import { replayWord, type ReplayedWord, type ReplayResult } from '@paxyo/ledger'
import { replayWordSchema, wordReplaySchema, type WordReplay } from '@paxyo/panel-client'
import { z } from 'zod'
import type { ReplayRouteDeps } from '../deliveries/replay-routes.ts'
import { type ApiDeps, authorOf, operation, type PanelApi, reject } from '@paxyo/panel-api-kit'
import { mappedStatus } from './mapped-status.ts'

/** `POST /v1/reviews/:reviewId/replay`: replays all deliveries with the review's status word, once it is mapped. */
export function registerReplayReview(
  api: PanelApi,
  deps: ApiDeps & ReplayRouteDeps & Pick<WordRouteDeps, 'mappedWords'>,
): void {
  const schema = {
    params: z.object({ reviewId: z.uuid() }),
    body: replayWordSchema,
    ...operation({
      operationId: 'replayReview',
      scope: 'reviews',
      tag: 'Reviews',
      summary: "Replay the deliveries with a review's unknown status word",
      description:
        'For a review with the reason `unknown_status`, once its word is mapped (`map-word` or `STATUS_MAP`): replays the deliveries of ' +
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
    const { limit } = request.body
    const { reviewId } = request.params
    const { actor, keyId } = authorOf(request, request.body.actor)
    // Another process may have mapped it a moment ago.
    await deps.mappedWords.refresh()
    const replayed = await replayWord({ ...deps, now: () => new Date() }, { reviewId, limit, actor, keyId })
    const result = typeof replayed === 'string' ? replayed : toView(replayed)
    deps.log.info({ reviewId, keyId, ...(typeof result === 'string' ? { error: result } : result) }, 'word replayed')
    return typeof result === 'string' ? reject(reply, result) : reply.send(result)
  })
}

function toView({ provider, word, status, results, reviewsDismissed, remaining }: ReplayedWord): WordReplay {
  return { provider, word, status: mappedStatus(status), ...summarize(results), reviewsDismissed, remaining }
}

function summarize(results: readonly ReplayResult[]): Pick<WordReplay, 'replayed' | 'outcomes' | 'refunds'> {
  const outcomes: WordReplay['outcomes'] = {}
  for (const { outcome } of results) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  const refunds = results.flatMap(({ deliveryId, refund }) => (refund === null ? [] : [{ deliveryId, amount: refund }]))
  return { replayed: results.length, outcomes, refunds }
}
