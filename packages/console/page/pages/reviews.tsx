import type { Review } from '@paxyo/panel-client'
import { useEffect, useRef } from 'preact/hooks'
import { goTo, hrefOf } from '../data/router.ts'
import { t } from '../kit/language.ts'
import { Ago, Empty, Problem, Screen, Skeleton } from '../parts/basic.tsx'
import { useKeys } from '../parts/keys.ts'
import { useOpenReviews } from '../parts/open-reviews.ts'
import { neighbour, nextAfter } from '../state/review-inbox.ts'
import { ReviewCaseView } from './review-case.tsx'
import { reasonText } from './review-reason.ts'

const open = (review: Review | undefined): void => goTo(hrefOf('reviews', review?.reviewId))

/** The inbox of what a person must decide. */
export const Reviews = ({ id }: { id: string | undefined }) => {
  const { data, problem, reload } = useOpenReviews()
  const reviews = data.value
  useKeys({
    j: () => reviews && open(neighbour(reviews, id, 1)),
    k: () => reviews && open(neighbour(reviews, id, -1)),
  })
  return (
    <Screen title={t('reviews.title')} lead={reviews && t('reviews.lead', { count: reviews.length })}>
      <Problem problem={problem.value} onRetry={reload} />
      {reviews === undefined ? (
        problem.value === undefined ? (
          <Skeleton lines={6} />
        ) : null
      ) : (
        <div class="inbox" data-open={id !== undefined}>
          <ReviewList reviews={reviews} id={id} />
          <div class="inbox-case">
            {id === undefined ? (
              <NothingChosen isEmpty={reviews.length === 0} />
            ) : (
              <ReviewCaseView key={id} reviewId={id} onResolved={() => open(nextAfter(reviews, id))} />
            )}
          </div>
        </div>
      )}
    </Screen>
  )
}

const NothingChosen = ({ isEmpty }: { isEmpty: boolean }) => (
  <Empty title={isEmpty ? t('reviews.empty') : t('reviews.choose')}>
    <p>{isEmpty ? t('reviews.emptyDetail') : t('reviews.keys')}</p>
  </Empty>
)

const ReviewList = ({ reviews, id }: { reviews: readonly Review[]; id: string | undefined }) => {
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' }), [id])
  if (reviews.length === 0) return null
  return (
    <ol ref={list} class="inbox-list" aria-label={t('reviews.title')}>
      {reviews.map((review) => (
        <li key={review.reviewId}>
          <a
            href={hrefOf('reviews', review.reviewId)}
            aria-current={review.reviewId === id ? 'true' : undefined}
            data-review={review.reviewId}
          >
            <span class="inbox-reason">{reasonText(review)}</span>
            <span class="inbox-detail">
              <bdi>{review.orderId ?? t('reviews.noOrder')}</bdi>
              <Ago time={review.openedAt} />
            </span>
          </a>
        </li>
      ))}
    </ol>
  )
}
