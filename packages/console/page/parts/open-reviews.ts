import type { Page, Review } from '@paxyo/panel-client'
import { get } from '../data/api.ts'
import { reviewsChanged } from '../data/changes.ts'
import { useResource, type Resource } from '../data/resource.ts'
import { oldestFirst } from '../state/review-inbox.ts'

/** More open reviews are not shown. */
const REVIEWS_MAX = 1000
const PAGE_SIZE = 100

/** All open reviews, the oldest first. */
export const useOpenReviews = (): Resource<readonly Review[]> =>
  useResource('open reviews', readOpenReviews, reviewsChanged)

async function readOpenReviews(signal: AbortSignal): Promise<readonly Review[]> {
  const reviews: Review[] = []
  for (let cursor: string | null | undefined; cursor !== null && reviews.length < REVIEWS_MAX;) {
    const page: Page<Review> = await get('/v1/reviews', { state: 'open', limit: PAGE_SIZE, cursor }, signal)
    reviews.push(...page.data)
    cursor = page.nextCursor
  }
  return oldestFirst(reviews)
}
