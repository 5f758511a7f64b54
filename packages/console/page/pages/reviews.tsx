import type { Review } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { goTo, hrefOf, place } from '../data/router.ts'
import { can } from '../data/session.ts'
import { t, textOf } from '../kit/language.ts'
import { Ago, Button, Empty, Problem, Screen, Skeleton } from '../parts/basic.tsx'
import { useKeys } from '../parts/keys.ts'
import { useInbox } from '../parts/inbox.ts'
import { neighbour, nextAfter } from '../state/review-inbox.ts'
import { BulkResolve } from './bulk-resolve.tsx'
import { ReviewCaseView } from './review-case.tsx'
import { reasonText } from './review-reason.ts'

/** The filter, in the address. */
const queryOf = (reason: string): Readonly<Record<string, string>> => (reason === '' ? {} : { reason })

/** The inbox of what a person must decide. */
export const Reviews = ({ id }: { id: string | undefined }) => {
  const reason = place.value.query.get('reason') ?? ''
  const { reviews: read, hasMore, problem, reload, loadMore } = useInbox(reason)
  // The list may be read again only after the next decision, which must not lead back to them.
  const decided = useRef(new Set<string>())
  const reviews = read?.filter(({ reviewId }) => !decided.current.has(reviewId))
  const open = (review: Review | undefined): void => goTo(hrefOf('reviews', review?.reviewId, queryOf(reason)))
  useKeys({
    j: () => {
      if (reviews === undefined) return
      if (reviews.at(-1)?.reviewId === id) loadMore()
      open(neighbour(reviews, id, 1))
    },
    k: () => reviews && open(neighbour(reviews, id, -1)),
  })
  return (
    <Screen
      title={t('reviews.title')}
      lead={reviews?.length ? t(hasMore ? 'reviews.leadMore' : 'reviews.lead', { count: reviews.length }) : undefined}
    >
      <Reasons reason={reason} reviews={reviews ?? []} />
      <Problem problem={problem.value} onRetry={reload} />
      {reviews === undefined ? (
        problem.value === undefined ? (
          <Skeleton lines={6} />
        ) : null
      ) : (
        <div class="inbox" data-open={id !== undefined}>
          <ReviewList reviews={reviews} id={id} reason={reason} loadMore={hasMore ? loadMore : undefined} />
          <div class="inbox-case">
            {id === undefined ? (
              <NothingChosen isEmpty={reviews.length === 0} />
            ) : (
              <ReviewCaseView
                key={id}
                reviewId={id}
                onResolved={() => {
                  const next = nextAfter(reviews, id)
                  decided.current.add(id)
                  open(next)
                }}
              />
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

/** Shows one reason only, whose cases can be decided together. */
const Reasons = ({ reason, reviews }: { reason: string; reviews: readonly Review[] }) => {
  const isAsking = useSignal(false)
  const reasons = [...new Set([...(reason === '' ? [] : [reason]), ...reviews.map((review) => review.reason)])]
  if (reasons.length === 0) return null
  return (
    <>
      <div class="filters" role="group" aria-label={t('live.filters')}>
        <label>
          <span>{t('delivery.reason')}</span>
          <select
            value={reason}
            onChange={(event) => goTo(hrefOf('reviews', undefined, queryOf(event.currentTarget.value)))}
          >
            <option value="">{t('live.all')}</option>
            {reasons.map((name) => (
              <option key={name} value={name}>
                {textOf('reason', name) ?? name}
              </option>
            ))}
          </select>
        </label>
        {reason !== '' && reviews.length > 0 && can('reviews') ? (
          <Button onClick={() => (isAsking.value = true)}>{t('bulk.open')}</Button>
        ) : null}
      </div>
      {isAsking.value ? (
        <BulkResolve reason={reason as Review['reason']} onClose={() => (isAsking.value = false)} />
      ) : null}
    </>
  )
}

interface ReviewListProps {
  readonly reviews: readonly Review[]
  readonly id: string | undefined
  readonly reason: string
  readonly loadMore: (() => void) | undefined
}

const ReviewList = ({ reviews, id, reason, loadMore }: ReviewListProps) => {
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' }), [id])
  if (reviews.length === 0) return null
  return (
    <ol ref={list} class="inbox-list" aria-label={t('reviews.title')}>
      {reviews.map((review) => (
        <li key={review.reviewId}>
          <a
            href={hrefOf('reviews', review.reviewId, queryOf(reason))}
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
      {loadMore === undefined ? null : <MoreReviews key={reviews.length} loadMore={loadMore} />}
    </ol>
  )
}

/** Reads more once a person has scrolled to it. */
const MoreReviews = ({ loadMore }: { loadMore: () => void }) => {
  const item = useRef<HTMLLIElement>(null)
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) loadMore()
    })
    if (item.current !== null) observer.observe(item.current)
    return () => observer.disconnect()
  }, [])
  return (
    <li ref={item} class="more">
      <Button onClick={loadMore}>{t('reviews.more')}</Button>
    </li>
  )
}
