import type { OrderHistory } from '@paxyo/panel-client'
import { hrefOf } from '../data/router.ts'
import { formatDuration } from '../kit/duration.ts'
import { t, textOf } from '../kit/language.ts'
import { Amount, statusName, Time, type Tone } from '../parts/basic.tsx'
import { Body } from '../parts/body.tsx'
import { timelineOf, type Moment } from '../state/timeline.ts'

const TONES: Readonly<Record<Moment['kind'], Tone>> = {
  registered: 'quiet',
  attached: 'quiet',
  delivery: 'busy',
  action: 'warn',
  refund: 'good',
}

export const OrderTimeline = ({ history }: { history: OrderHistory }) => (
  <Timeline moments={timelineOf(history)} order={history.order} />
)

interface TimelineProps {
  readonly moments: readonly Moment[]
  readonly order: OrderHistory['order']
}

export const Timeline = ({ moments, order }: TimelineProps) => (
  <ol class="timeline">
    {moments.map((moment) => (
      <li key={moment.key} data-tone={TONES[moment.kind]} data-kind={moment.kind}>
        <div class="moment-head">
          <span class="moment-text">{sentenceOf(moment)}</span>
          <Money moment={moment} order={order} />
        </div>
        <p class="hint">
          <Time time={moment.at} />
          {moment.kind === 'refund' ? ` · ${arrivalOf(moment)}` : null}
        </p>
        {moment.kind === 'action' ? <q class="moment-note">{moment.note}</q> : null}
        {moment.kind === 'delivery' ? <Details moment={moment} /> : null}
      </li>
    ))}
  </ol>
)

const Details = ({ moment }: { moment: Extract<Moment, { kind: 'delivery' }> }) => (
  <details>
    <summary>{t('timeline.body')}</summary>
    <Body text={moment.body} />
    <a href={hrefOf('deliveries', moment.deliveryId)}>{t('timeline.openDelivery')}</a>
  </details>
)

const Money = ({ moment, order }: { moment: Moment; order: OrderHistory['order'] }) => {
  if (moment.kind === 'registered') return <Amount amount={order.charge} currency={order.currency} />
  if (moment.kind !== 'refund') return null
  return (
    <span class="money-back">
      <Amount amount={moment.amount} currency={order.currency} sign="+" />
    </span>
  )
}

function sentenceOf(moment: Moment): string {
  switch (moment.kind) {
    case 'registered':
      return t('timeline.registered')
    case 'attached':
      return t(moment.isFirst ? 'timeline.attached' : 'timeline.replaced', {
        provider: moment.provider,
        id: moment.providerOrderId,
      })
    case 'delivery':
      return t('timeline.delivery', {
        provider: moment.provider,
        outcome:
          (moment.reason && textOf('reason', moment.reason)) ?? textOf('decision', moment.outcome) ?? moment.outcome,
      })
    case 'action':
      return t(
        moment.action === 'refund'
          ? 'timeline.refundBy'
          : moment.action === 'cancel'
            ? 'timeline.cancelBy'
            : 'timeline.statusBy',
        {
          by: moment.by,
          status: moment.status === null ? '' : statusName(moment.status),
        },
      )
    case 'refund':
      return t('timeline.refund')
  }
}

function arrivalOf({ sent, seenAfterMs }: Extract<Moment, { kind: 'refund' }>): string {
  if (sent === null && seenAfterMs === null) return t('timeline.notSent')
  const parts = [
    ...(sent === null ? [] : [t('timeline.sent', { count: sent.connections, after: formatDuration(sent.afterMs) })]),
    seenAfterMs === null ? t('timeline.notSeen') : t('timeline.seen', { after: formatDuration(seenAfterMs) }),
  ]
  return parts.join(' · ')
}
