import type { OrderStatus } from '@paxyo/contracts'
import { PAGE_SIZE_MAX, type ListReviewsQuery, type ResolveRequest, type Review } from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { take } from './take.ts'

export interface ListReviewsOptions {
  readonly state: 'open' | 'resolved' | 'all'
  readonly reason?: string
  readonly order?: string
  readonly limit: number
}

export interface ResolveOptions {
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
  const { review, order, delivery, refunds } = found
  cli.print(found, () =>
    [
      describe(review),
      ...(order === null
        ? []
        : [
            `order is ${order.status}, ${order.remains ?? 'unknown'} of ${order.quantity} remain, ` +
              `${order.refunded} of ${order.charge} ${order.currency} refunded in ${refunds.length} refunds`,
          ]),
      `the provider sent ${printable(delivery.body)}`,
    ].join('\n'),
  )
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
function toDecision({ dismiss, refund, status, note, by }: ResolveOptions): ResolveRequest {
  const decidedBy = { note, ...(by === undefined ? {} : { actor: by }) }
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
  throw new Failure('usage', 'choose one of --dismiss, --refund and --status')
}
