import type { ReviewCase } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post } from '../data/api.ts'
import { orderChanged, reviewsChanged } from '../data/changes.ts'
import { announce } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { goTo, hrefOf } from '../data/router.ts'
import { can } from '../data/session.ts'
import { shortLink } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { isZero, refundable } from '../kit/money.ts'
import { Ago, Amount, Badge, Button, Facts, Panel, Problem, Skeleton, Status, Time } from '../parts/basic.tsx'
import { Body } from '../parts/body.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { useKeys } from '../parts/keys.ts'
import { RefundDialog, StatusDialog } from '../parts/order-dialogs.tsx'
import { suggestedRefund } from '../state/review-inbox.ts'
import { MapWord } from './map-word.tsx'
import { reasonText } from './review-reason.ts'

interface Props {
  readonly reviewId: string
  /** The person decided it here. */
  readonly onResolved: () => void
}

/** A review: the reason, what the provider reported, the order and its money, and what can be done. */
export const ReviewCaseView = ({ reviewId, onResolved }: Props) => {
  const orderId = useSignal<string | null>(null)
  const { data, problem, reload } = useResource(
    `review ${reviewId}`,
    async (signal) => {
      const found = await get<ReviewCase>(path`/v1/reviews/${reviewId}`, {}, signal)
      orderId.value = found.review.orderId
      return found
    },
    (change) => reviewsChanged(change) || (orderId.value !== null && orderChanged(orderId.value)(change)),
  )
  const found = data.value
  if (found === undefined)
    return problem.value ? <Problem problem={problem.value} onRetry={reload} /> : <Skeleton lines={8} />
  const { review, order } = found
  return (
    <article class="case" aria-label={reasonText(review)}>
      <Problem problem={problem.value} onRetry={reload} />
      <a class="back" href={hrefOf('reviews')}>
        {t('reviews.back')}
      </a>
      <h2 class="case-reason">{reasonText(review)}</h2>
      <p class="case-meta">
        {t('review.opened')} <Ago time={review.openedAt} />
        {review.count > 1 ? <Badge tone="warn">{t('review.count', { count: review.count })}</Badge> : null}
      </p>
      {review.detail === null ? null : <p class="case-detail">{review.detail}</p>}
      {review.resolution === null ? (
        can('reviews') ? (
          <Decision found={found} onResolved={onResolved} />
        ) : null
      ) : (
        <Resolution resolution={review.resolution} />
      )}
      <Panel title={t('review.said', { provider: found.delivery.provider })}>
        <p class="hint">
          <Time time={found.delivery.receivedAt} />
        </p>
        <Body text={found.delivery.body} />
      </Panel>
      {order === null ? null : <CaseOrder found={found} order={order} />}
    </article>
  )
}

const Resolution = ({ resolution }: { resolution: NonNullable<ReviewCase['review']['resolution']> }) => (
  <p class="notice">
    {t('review.resolved', { action: t(`resolution.${resolution.action}`), by: resolution.by })}{' '}
    <Ago time={resolution.at} />
    {' – '}
    <q>{resolution.note}</q>
  </p>
)

const CaseOrder = ({ found, order }: { found: ReviewCase; order: NonNullable<ReviewCase['order']> }) => (
  <Panel title={t('review.order')} actions={<a href={hrefOf('orders', order.orderId)}>{t('review.openOrder')}</a>}>
    <Facts
      facts={[
        [t('order.id'), <bdi>{order.orderId}</bdi>],
        [t('order.service'), <bdi>{order.service}</bdi>],
        [t('order.link'), <bdi class="breakable">{shortLink(order.link)}</bdi>],
        [t('order.status'), <Status status={order.status} />],
        [t('order.user'), <UserLink userId={found.userId} />],
        [t('order.charge'), <Amount amount={order.charge} currency={order.currency} />],
        [t('order.refunded'), <Amount amount={order.refunded} currency={order.currency} />],
        [t('order.left'), <Amount amount={refundable(order)} currency={order.currency} />],
      ]}
    />
  </Panel>
)

const UserLink = ({ userId }: { userId: string | null }) =>
  userId === null ? null : (
    <a href={hrefOf('users', userId)}>
      <bdi>{userId}</bdi>
    </a>
  )

type Choice = 'map' | 'approve' | 'refund' | 'set_status' | 'dismiss' | 'replay'

const Decision = ({ found, onResolved }: { found: ReviewCase; onResolved: () => void }) => {
  const choice = useSignal<Choice | undefined>(undefined)
  const { review, order, proposal, unknownWord } = found
  const canRefund = order !== null && !isZero(refundable(order))
  const canReplay = unknownWord !== null && unknownWord.status !== null && unknownWord.deliveries > 0
  const choose = (chosen: Choice) => (): void => void (choice.value = chosen)
  useKeys({
    e: choose('dismiss'),
    ...(canRefund && { r: choose('refund') }),
    ...(order && { s: choose('set_status') }),
    ...(unknownWord?.status === null && { m: choose('map') }),
  })

  const resolve = async (body: object, idempotencyKey: string): Promise<void> => {
    await post(path`/v1/reviews/${review.reviewId}/resolve`, body, idempotencyKey)
    announce({ type: 'everything' })
    onResolved()
  }
  const close = (): void => void (choice.value = undefined)
  return (
    <div class="decision">
      <div class="buttons" role="group" aria-label={t('review.decide')}>
        {proposal && order ? (
          <Button kind="primary" onClick={choose('approve')}>
            {t('review.approve')} <Amount amount={proposal.refund} currency={order.currency} />
          </Button>
        ) : null}
        {unknownWord !== null && unknownWord.status === null ? (
          <Button kind="primary" onClick={choose('map')} shortcut="M">
            {t('mapWord.open')}
          </Button>
        ) : null}
        {canReplay ? (
          <Button kind="primary" onClick={choose('replay')}>
            {t('review.replay')}
          </Button>
        ) : null}
        {canRefund ? (
          <Button kind={proposal ? 'plain' : 'primary'} onClick={choose('refund')} shortcut="R">
            {t('action.refund')}
          </Button>
        ) : null}
        {order === null ? null : (
          <Button onClick={choose('set_status')} shortcut="S">
            {t('action.setStatus')}
          </Button>
        )}
        <Button onClick={choose('dismiss')} shortcut="E">
          {t('action.leave')}
        </Button>
      </div>
      {unknownWord === null ? null : (
        <p class="hint">
          {unknownWord.status === null
            ? t('review.unmapped', { word: unknownWord.word })
            : t('review.mapped', { word: unknownWord.word, count: unknownWord.deliveries })}
        </p>
      )}
      {choice.value === 'dismiss' ? (
        <ActionDialog
          title={t('review.leaveTitle')}
          button={t('action.leave')}
          run={({ note, idempotencyKey }) => resolve({ action: 'dismiss', note }, idempotencyKey)}
          onClose={close}
        >
          <p>{t('review.leaveDetail')}</p>
        </ActionDialog>
      ) : null}
      {choice.value === 'approve' && proposal && order ? (
        <ActionDialog
          title={t('review.approve')}
          button={t('review.approve')}
          money={{ amount: proposal.refund, currency: order.currency }}
          run={({ note, idempotencyKey }) =>
            resolve({ action: 'approve', amount: proposal.refund, note }, idempotencyKey)
          }
          onClose={close}
        >
          <p>{t('review.approveDetail')}</p>
        </ActionDialog>
      ) : null}
      {choice.value === 'map' && unknownWord ? (
        <MapWord reviewId={review.reviewId} word={unknownWord} onClose={close} onDone={() => goTo(hrefOf('reviews'))} />
      ) : null}
      {choice.value === 'replay' && unknownWord ? (
        <ReplayWord reviewId={review.reviewId} onClose={close} onDone={onResolved} />
      ) : null}
      {choice.value === 'refund' && order ? (
        <RefundDialog order={order} suggested={suggestedRefund(found)} hasStatus run={resolve} onClose={close} />
      ) : null}
      {choice.value === 'set_status' && order ? <StatusDialog order={order} run={resolve} onClose={close} /> : null}
    </div>
  )
}

const ReplayWord = ({ reviewId, onClose, onDone }: { reviewId: string; onClose: () => void; onDone: () => void }) => (
  <ActionDialog
    title={t('review.replay')}
    button={t('review.replay')}
    hasNote={false}
    run={async () => {
      for (let remaining = 1, replayed = 1; remaining > 0 && replayed > 0;) {
        ;({ remaining, replayed } = await post<{ remaining: number; replayed: number }>(
          path`/v1/reviews/${reviewId}/replay`,
          {},
        ))
      }
      announce({ type: 'everything' })
      onDone()
    }}
    onClose={onClose}
  >
    <p>{t('review.replayDetail')}</p>
  </ActionDialog>
)
