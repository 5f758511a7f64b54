import type { OrderStatus } from '@paxyo/contracts'
import {
  PAGE_SIZE_MAX,
  type ListReviewsQuery,
  type MapWordRequest,
  type ResolveRequest,
  type Review,
  type UnknownWord,
  type WordPreviewView,
  type WordReplay,
} from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { startProgress } from '../output/progress.ts'
import { table } from '../output/table.ts'
import { take } from './take.ts'

export interface ListReviewsOptions {
  readonly state: 'open' | 'resolved' | 'all'
  readonly reason?: string
  readonly order?: string
  readonly limit: number
}

export interface ResolveOptions {
  readonly approve?: string
  readonly dismiss?: boolean
  readonly refund?: string
  readonly status?: string
  readonly note: string
  readonly by?: string
}

export async function listReviews(cli: Cli, { state, reason, order, limit }: ListReviewsOptions): Promise<void> {
  const query: ListReviewsQuery = {
    limit: Math.min(limit, PAGE_SIZE_MAX),
    ...(state === 'all' ? {} : { state }),
    ...(order === undefined ? {} : { orderId: order }),
    // The API rejects an unknown reason.
    ...(reason === undefined ? {} : { reason: reason as Review['reason'] }),
  }
  const reviews = await withPanelApi(cli, (api) => take(api.reviews.list(query), limit))
  cli.print(reviews, () => (reviews.length === 0 ? 'No reviews.' : table(reviews.map(toRow))))
}

const toRow = ({ reviewId, openedAt, orderId, reason, count, resolution }: Review): string[] => [
  openedAt,
  count === 1 ? reason : `${reason} (${count} times)`,
  orderId === null ? 'no order' : printable(orderId),
  resolution === null ? 'open' : `${resolution.action} by ${printable(resolution.by)}`,
  reviewId,
]

export async function showReview(cli: Cli, reviewId: string): Promise<void> {
  const found = await withPanelApi(cli, (api) => api.reviews.get(reviewId))
  const { review, order, proposal, unknownWord, delivery, refunds } = found
  cli.print(found, () =>
    [
      describe(review),
      ...(order === null
        ? []
        : [
            `order is ${order.status}, ${order.remains ?? 'unknown'} of ${order.quantity} remain, ` +
              `${order.refunded} of ${order.charge} ${order.currency} refunded in ${refunds.length} refunds`,
          ]),
      ...(proposal === null || order === null
        ? []
        : [
            `a refund of ${proposal.refund} ${order.currency} waits, and the order becomes ${proposal.status}; pay it with\n` +
              `paxyo reviews resolve ${review.reviewId} --approve ${proposal.refund} --note "…"`,
          ]),
      ...(unknownWord === null ? [] : [describeWord(review.reviewId, unknownWord)]),
      delivery.body === null ? 'its body is not kept any more' : `the provider sent ${printable(delivery.body)}`,
    ].join('\n'),
  )
}

function describeWord(reviewId: string, { provider, word, status, deliveries }: UnknownWord): string {
  const about = `the word "${printable(word)}" of ${provider}, in ${deliveries} deliveries that are not replayed,`
  return status === null
    ? `${about} is in no map; give it a meaning with\npaxyo reviews map ${reviewId} <status>`
    : `${about} means ${status} now; replay them with\npaxyo reviews replay ${reviewId}`
}

export interface MapWordOptions {
  readonly preview?: boolean
  readonly by?: string
}

/** The API rejects an unknown status. */
export async function mapWord(
  cli: Cli,
  reviewId: string,
  text: string,
  { preview = false, by }: MapWordOptions,
): Promise<void> {
  const status = text as MapWordRequest['status']
  const found = await withPanelApi(cli, (api) => api.reviews.previewWord(reviewId, status))
  if (preview) return cli.print(found, () => describePreview(found).join('\n'))
  const mapped = await withPanelApi(cli, (api) =>
    api.reviews.mapWord(reviewId, { status, ...(by === undefined ? {} : { actor: by }) }),
  )
  cli.print(mapped, () =>
    [
      `"${printable(mapped.word)}" of ${mapped.provider} means ${mapped.status} from now on`,
      ...(found.deliveries === 0
        ? []
        : [...describePreview(found), `replay them with\npaxyo reviews replay ${reviewId}`]),
    ].join('\n'),
  )
}

const describePreview = ({
  deliveries,
  previewed,
  unchanged,
  changed,
  inReview,
  refunds,
}: WordPreviewView): string[] => [
  `deliveries with the word that wait: ${deliveries}`,
  `of ${previewed}, ${changed} would change their order, ${unchanged} would change nothing, ${inReview} would be in review`,
  ...refunds.map(({ count, amount, currency }) => `refunds: ${count}, ${amount} ${currency}`),
]

export async function replayReview(cli: Cli, reviewId: string, by: string | undefined): Promise<void> {
  const chunks = await withPanelApi(cli, async (api) => {
    const progress = startProgress(cli, 'replay', 'deliveries')
    const replayed: WordReplay[] = []
    let count = 0
    for await (const chunk of api.reviews.replay(reviewId, by === undefined ? {} : { actor: by })) {
      replayed.push(chunk)
      progress.update((count += chunk.replayed))
    }
    progress.end()
    return replayed
  })
  const total = sumOf(chunks)
  cli.print(total, () => {
    const outcomes = Object.entries(total.outcomes).map(([outcome, count]) => `${count} ${outcome}`)
    return [
      `deliveries replayed: ${total.replayed}${outcomes.length === 0 ? '' : ` (${outcomes.join(', ')})`}`,
      `refunds paid: ${total.refunds.length}`,
      `reviews dismissed: ${total.reviewsDismissed}`,
      ...(total.remaining === 0 ? [] : [`deliveries that are left: ${total.remaining}`]),
    ].join('\n')
  })
}

/** The result of all chunks; the last one knows what remains. */
function sumOf(chunks: readonly WordReplay[]): WordReplay {
  const outcomes: Record<string, number> = {}
  for (const [outcome, count] of chunks.flatMap((chunk) => Object.entries(chunk.outcomes))) {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + count
  }
  return {
    ...chunks.at(-1)!,
    outcomes,
    replayed: chunks.reduce((sum, { replayed }) => sum + replayed, 0),
    refunds: chunks.flatMap(({ refunds }) => refunds),
    reviewsDismissed: chunks.reduce((sum, { reviewsDismissed }) => sum + reviewsDismissed, 0),
  }
}

function describe({ reviewId, reason, meaning, detail, orderId, deliveryId, openedAt, resolution }: Review): string {
  return table([
    ['review', reviewId],
    ['reason', `${reason}: ${meaning}`],
    ...(detail === null ? [] : [['detail', printable(detail)]]),
    ['order', orderId === null ? 'unknown' : `${printable(orderId)} (paxyo orders show ${printable(orderId)})`],
    ['delivery', `${printable(deliveryId)} (paxyo deliveries show ${printable(deliveryId)})`],
    ['opened', openedAt],
    [
      'state',
      resolution === null
        ? 'open'
        : `${resolution.action} by ${printable(resolution.by)}, ${resolution.at}: ${printable(resolution.note)}`,
    ],
  ])
}

export async function resolveReview(cli: Cli, reviewId: string, options: ResolveOptions): Promise<void> {
  const decision = toDecision(options)
  const resolved = await withPanelApi(cli, (api) => api.reviews.resolve(reviewId, decision))
  cli.print(resolved, () => {
    const { review, refund } = resolved
    return describe(review) + (refund === null ? '' : `\nrefunded  ${refund.amount} ${refund.currency}`)
  })
}

/** The API rejects an unknown status. */
function toDecision({ approve, dismiss, refund, status, note, by }: ResolveOptions): ResolveRequest {
  const decidedBy = { note, ...(by === undefined ? {} : { actor: by }) }
  if (approve !== undefined) {
    if (dismiss === true || refund !== undefined || status !== undefined)
      throw new Failure('usage', '--approve pays what waits: omit --dismiss, --refund and --status')
    return { action: 'approve', amount: approve, ...decidedBy }
  }
  if (dismiss === true) {
    if (refund !== undefined || status !== undefined)
      throw new Failure('usage', '--dismiss changes nothing: omit --refund and --status')
    return { action: 'dismiss', ...decidedBy }
  }
  if (refund !== undefined)
    return {
      action: 'refund',
      amount: refund,
      ...(status === undefined ? {} : { status: status as OrderStatus }),
      ...decidedBy,
    }
  if (status !== undefined) return { action: 'set_status', status: status as OrderStatus, ...decidedBy }
  throw new Failure('usage', 'choose one of --approve, --dismiss, --refund and --status')
}
