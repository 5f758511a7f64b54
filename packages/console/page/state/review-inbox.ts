import type { Review, ReviewCase } from '@paxyo/panel-client'
import { refundable, refundForRemains } from '../kit/money.ts'

/** The review so many places further, at most the first or the last; the first when none is chosen. */
export function neighbour(reviews: readonly Review[], reviewId: string | undefined, step: 1 | -1): Review | undefined {
  const index = reviews.findIndex((review) => review.reviewId === reviewId)
  if (index === -1) return reviews[0]
  return reviews[Math.min(reviews.length - 1, Math.max(0, index + step))]
}

/** Where the person continues once a review is decided: at the next, or at the one before the last. */
export function nextAfter(reviews: readonly Review[], reviewId: string): Review | undefined {
  const index = reviews.findIndex((review) => review.reviewId === reviewId)
  return reviews[index + 1] ?? reviews[index - 1] ?? undefined
}

/** What remains according to the provider's text, when it has such a number. */
export function reportedRemains(body: string): number | undefined {
  const match = /["']?remains["']?\s*[:=]\s*["']?(-?\d+)/i.exec(body)
  return match === null ? undefined : Number(match[1])
}

/** The amount that the refund form starts with: what the remains are worth, or else all that is left of the charge. */
export function suggestedRefund({ order, delivery }: Pick<ReviewCase, 'order' | 'delivery'>): string {
  if (order === null) return '0'
  const remains = delivery.body === null ? undefined : reportedRemains(delivery.body)
  const due = remains === undefined ? '0' : refundForRemains(order, remains)
  return due === '0' ? refundable(order) : due
}
