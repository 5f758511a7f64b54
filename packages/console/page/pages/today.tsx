import type { ConnectionCounts, DeliveryView, EndpointList, OutgoingWebhookView, Page } from '@paxyo/panel-client'
import type { ComponentChildren } from 'preact'
import { get } from '../data/api.ts'
import { anyDelivery, connectionsChanged, webhooksSent } from '../data/changes.ts'
import { online } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { hrefOf } from '../data/router.ts'
import { nowMs } from '../kit/clock.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Ago, Screen } from '../parts/basic.tsx'
import { useOpenReviews } from '../parts/open-reviews.ts'
import { reviewsVerdict, serverState, webhooksVerdict, type Verdict } from '../state/verdicts.ts'
import { RefundsTile } from './today-refunds.tsx'
import { Tile } from './tile.tsx'

/** What an owner wants to know every morning: a tile for each question, with the verdict in words. */
export const Today = () => (
  <Screen title={t('today.title')} lead={t('today.lead')}>
    <div class="tiles">
      <WebhooksTile />
      <RefundsTile />
      <ReviewsTile />
      <ServerTile />
      <OnlineTile />
    </div>
  </Screen>
)

const WebhooksTile = () => {
  const { data, problem } = useResource(
    'last delivery',
    (signal) => get<Page<DeliveryView>>('/v1/deliveries', { limit: 1 }, signal),
    anyDelivery,
  )
  const last = data.value?.data[0]
  return (
    <Tile
      title={t('today.webhooks')}
      href={hrefOf('live')}
      problem={problem.value}
      verdict={data.value && webhooksVerdict(last?.receivedAt, nowMs.value)}
      figure={last && <Ago time={last.receivedAt} />}
    >
      {last === undefined
        ? t('today.noWebhooks')
        : verdictText('webhooks', webhooksVerdict(last.receivedAt, nowMs.value))}
    </Tile>
  )
}

const verdictText = (tile: 'webhooks', verdict: Verdict): string =>
  t(verdict === 'good' ? `today.${tile}Good` : `today.${tile}Warn`)

const ReviewsTile = () => {
  const { data, problem } = useOpenReviews()
  const reviews = data.value
  const verdict = reviews && reviewsVerdict(reviews[0]?.openedAt, nowMs.value)
  return (
    <Tile
      title={t('today.waiting')}
      href={hrefOf('reviews')}
      problem={problem.value}
      verdict={verdict}
      figure={reviews && formatNumber(reviews.length)}
    >
      {reviews?.[0] === undefined ? (
        t('today.nothingWaits')
      ) : (
        <>
          {t('today.oldestWaits')} <Ago time={reviews[0].openedAt} />
        </>
      )}
    </Tile>
  )
}

const ServerTile = () => {
  const { data, problem } = useResource(
    'server',
    async (signal) => {
      const list = (state: string): Promise<Page<OutgoingWebhookView>> =>
        get('/v1/outgoing-webhooks', { state, limit: 100 }, signal)
      const [endpoints, pending, dead] = await Promise.all([
        get<EndpointList>('/v1/outgoing-webhooks/endpoints', {}, signal),
        list('pending'),
        list('dead'),
      ])
      return serverState(endpoints.data, [...pending.data, ...dead.data])
    },
    webhooksSent,
  )
  const state = data.value
  return (
    <Tile
      title={t('today.server')}
      href={hrefOf('webhooks', undefined, state?.verdict === 'bad' ? { state: 'pending' } : {})}
      problem={problem.value}
      verdict={state?.verdict}
      figure={state && serverFigure(state.verdict, state.failing)}
    >
      {state?.since === undefined ? (
        state && t(state.verdict === 'quiet' ? 'today.noServer' : 'today.serverGood')
      ) : (
        <>
          {t('today.serverSince')} <Ago time={state.since} />
          {': '}
          <bdi>{state.error}</bdi>
        </>
      )}
    </Tile>
  )
}

const serverFigure = (verdict: Verdict, failing: number): ComponentChildren =>
  verdict === 'bad' ? t('today.failing', { count: failing }) : verdict === 'quiet' ? '–' : t('today.delivering')

const OnlineTile = () => {
  const { data, problem } = useResource(
    'online',
    (signal) => get<ConnectionCounts>('/v1/connections', {}, signal),
    (change) => change.type === 'everything' || (online.value === undefined && connectionsChanged(change)),
  )
  const counts = online.value ?? data.value
  return (
    <Tile
      title={t('today.online')}
      href={hrefOf('health')}
      problem={online.value ? undefined : problem.value}
      verdict={counts && 'good'}
      figure={counts && formatNumber(counts.users)}
    >
      {counts && t('today.connections', { count: counts.connections })}
    </Tile>
  )
}
