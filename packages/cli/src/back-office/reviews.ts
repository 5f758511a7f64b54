import { randomUUID } from 'node:crypto'
import type { OrderView } from '@paxyo/contracts'
import { connectApi } from '../api/api-client.ts'
import type { Cli } from '../cli.ts'
import type { ListReviewsOptions, ResolveOptions } from '../commands/reviews.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { readPages } from './pages.ts'

interface Review {
  readonly reviewId: string
  readonly reason: string
  readonly meaning: string
  readonly orderId: string | null
  readonly deliveryId: string
  readonly openedAt: string
  readonly resolution: {
    readonly action: string
    readonly note: string
    readonly by: string
    readonly at: string
  } | null
}

/** A review with what led to it. */
interface ReviewCase {
  readonly review: Review
  readonly order: OrderView | null
  readonly delivery: { readonly body: string }
  readonly refunds: readonly unknown[]
}

export async function listReviews(cli: Cli, { state, reason, limit }: ListReviewsOptions): Promise<void> {
  const api = await connectApi(cli.env, cli.signal)
  const query = { state: state === 'all' ? undefined : state, reason }
  const reviews = await Array.fromAsync(readPages<Review>(api, '/v1/reviews', query, limit))
  cli.print(reviews, () => (reviews.length === 0 ? 'There are none.' : table(reviews.map(toRow))))
}

const toRow = ({ reviewId, openedAt, orderId, reason, resolution }: Review): string[] => [
  openedAt,
  reason,
  orderId === null ? 'no order' : printable(orderId),
  resolution === null ? 'open' : `${resolution.action} by ${printable(resolution.by)}`,
  reviewId,
]

export async function showReview(cli: Cli, reviewId: string): Promise<void> {
  const api = await connectApi(cli.env, cli.signal)
  const found = await api.get<ReviewCase>(`/v1/reviews/${encodeURIComponent(reviewId)}`)
  const { review, order, delivery, refunds } = found
  cli.print(found, () =>
    [
      describe(review),
      ...(order === null
        ? []
        : [
            `order is ${order.status}, ${order.remains ?? 'unknown'} of ${order.quantity} remain, ` +
              `${order.refunded} of ${order.charge} ${order.currency} refunded in ${refunds.length} parts`,
          ]),
      `the provider sent ${printable(delivery.body)}`,
    ].join('\n'),
  )
}

function describe({ reviewId, reason, meaning, orderId, deliveryId, openedAt, resolution }: Review): string {
  return table([
    ['review', reviewId],
    ['reason', `${reason}: ${meaning}`],
    [
      'order',
      orderId === null ? 'none that we know' : `${printable(orderId)} (paxyo orders show ${printable(orderId)})`,
    ],
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
  const api = await connectApi(cli.env, cli.signal)
  // A review is resolved once, whatever the key: it only keeps a request that is sent twice from being told so.
  const path = `/v1/reviews/${encodeURIComponent(reviewId)}/resolve`
  const answer = await api.post<{ review: Review; refund: { amount: string; currency: string } | null }>(
    path,
    decision,
    randomUUID(),
  )
  cli.print(answer, () => {
    const paid = answer.refund === null ? '' : `\npaid back  ${answer.refund.amount} ${answer.refund.currency}`
    return describe(answer.review) + paid
  })
}

function toDecision({ dismiss, refund, status, note, by }: ResolveOptions): object {
  const who = { note, ...(by === undefined ? {} : { actor: by }) }
  if (dismiss === true) {
    if (refund !== undefined || status !== undefined)
      throw new Failure('usage', '--dismiss changes nothing: leave out the rest')
    return { action: 'dismiss', ...who }
  }
  if (refund !== undefined)
    return { action: 'refund', amount: refund, ...(status === undefined ? {} : { status }), ...who }
  if (status !== undefined) return { action: 'set_status', status, ...who }
  throw new Failure('usage', 'say what is to be done: --dismiss, --refund or --status')
}
