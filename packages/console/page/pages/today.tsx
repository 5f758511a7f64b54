import type { Today as Summary } from '@paxyo/panel-client'
import { get } from '../data/api.ts'
import { summaryChanged } from '../data/changes.ts'
import { online } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { hrefOf } from '../data/router.ts'
import { nowMs } from '../kit/clock.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Ago, Problem, Screen, Since, Sum } from '../parts/basic.tsx'
import { SendError } from '../parts/send-error.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { useDays } from '../parts/days.ts'
import { deliveriesByDay, refundsByDay } from '../state/days.ts'
import { compareRefunds, reviewsVerdict, serverVerdict, webhooksVerdict } from '../state/verdicts.ts'
import { Tile } from './tile.tsx'

const SPARKLINE_DAYS = 14
const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** What an owner wants to know every morning: a tile for each question, with the verdict in words. */
export const Today = () => {
  const { data, problem, reload } = useResource(
    'today',
    (signal) => get<Summary>('/v1/summary/today', { timeZone }, signal),
    summaryChanged,
  )
  const last = useDays(SPARKLINE_DAYS).data.value
  const summary = data.value
  return (
    <Screen title={t('today.title')} lead={t('today.lead')}>
      <Problem problem={problem.value} onRetry={reload} />
      <div class="tiles">
        <WebhooksTile webhooks={summary?.webhooks} perDay={last && deliveriesByDay(last.days, last.summary)} />
        <RefundsTile refunds={summary?.refunds} perDay={last && refundsByDay(last.days, last.summary)} />
        <ReviewsTile reviews={summary?.reviews} />
        <ServerTile endpoints={summary?.endpoints} />
        <OnlineTile online={online.value ?? summary?.online} />
      </div>
    </Screen>
  )
}

type PerDay = readonly number[] | undefined

const WebhooksTile = ({ webhooks, perDay }: { webhooks: Summary['webhooks'] | undefined; perDay: PerDay }) => {
  const verdict = webhooks && webhooksVerdict(webhooks.lastAt, nowMs.value)
  return (
    <Tile
      title={t('today.webhooks')}
      href={hrefOf('live')}
      verdict={verdict}
      figure={webhooks?.lastAt ? <Ago time={webhooks.lastAt} /> : '–'}
      chart={<Sparkline values={perDay} label={t('today.perDay')} />}
    >
      {verdict === 'quiet'
        ? t('today.noWebhooks')
        : verdict === 'warn'
          ? t('today.webhooksWarn')
          : t('today.lastMinute', { count: webhooks?.lastMinute ?? 0 })}
    </Tile>
  )
}

/** The currencies that were refunded today, or the first one. */
function paidToday(refunds: Summary['refunds']): Summary['refunds'] {
  const paid = refunds.filter(({ today }) => today.count > 0)
  return paid.length > 0 ? paid : refunds.slice(0, 1)
}

const RefundsTile = ({ refunds, perDay }: { refunds: Summary['refunds'] | undefined; perDay: PerDay }) => (
  <Tile
    title={t('today.refunds')}
    href={hrefOf('refunds')}
    verdict={refunds && (refunds.some(({ today }) => today.count > 0) ? 'good' : 'quiet')}
    figure={
      refunds?.length
        ? paidToday(refunds).map(({ currency, today }) => (
            <span key={currency} class="tile-sum">
              <Sum amount={today.amount} currency={currency} />
            </span>
          ))
        : '–'
    }
    chart={<Sparkline values={perDay} label={t('today.refundsPerDay')} />}
  >
    {refunds?.length === 0 ? t('today.noRefunds') : null}
    {refunds?.map((refund) => (
      <span key={refund.currency} class="tile-line">
        {t('today.refundCount', { count: refund.today.count })} {t(`today.refunds-${compareRefunds(refund)}`)}{' '}
        {refund.yesterdayUntilNow.count === 0 ? null : (
          <Sum amount={refund.yesterdayUntilNow.amount} currency={refund.currency} />
        )}
      </span>
    ))}
  </Tile>
)

const ReviewsTile = ({ reviews }: { reviews: Summary['reviews'] | undefined }) => (
  <Tile
    title={t('today.waiting')}
    href={hrefOf('reviews')}
    verdict={reviews && reviewsVerdict(reviews.oldestAt, nowMs.value)}
    figure={reviews && formatNumber(reviews.open)}
  >
    {reviews?.oldestAt ? (
      <>
        {t('today.oldestWaits')} <Ago time={reviews.oldestAt} />
      </>
    ) : (
      t('today.nothingWaits')
    )}
  </Tile>
)

const ServerTile = ({ endpoints }: { endpoints: Summary['endpoints'] | undefined }) => {
  const verdict = endpoints && serverVerdict(endpoints)
  const failing = endpoints?.failing ?? []
  return (
    <Tile
      title={t('today.server')}
      href={hrefOf('webhooks', undefined, verdict === 'bad' ? { state: 'pending' } : {})}
      verdict={verdict}
      figure={
        verdict === 'bad'
          ? t('today.failing', { count: failing.reduce((sum, { waiting }) => sum + waiting, 0) })
          : verdict === 'quiet'
            ? '–'
            : t('today.delivering')
      }
    >
      {failing.length === 0 ? t(verdict === 'quiet' ? 'today.noServer' : 'today.serverGood') : null}
      {failing.map(({ endpointId, since, lastError }) => (
        <span key={endpointId} class="tile-line">
          {t('today.serverSince')} <Since time={since} />
          {lastError === null ? null : (
            <>
              : <SendError error={lastError} />
            </>
          )}
        </span>
      ))}
    </Tile>
  )
}

const OnlineTile = ({ online: counts }: { online: Summary['online'] | undefined }) => (
  <Tile
    title={t('today.online')}
    href={hrefOf('health')}
    verdict={counts === undefined ? undefined : counts === null ? 'bad' : 'good'}
    figure={counts ? formatNumber(counts.users) : '–'}
  >
    {counts ? t('today.connections', { count: counts.connections }) : t('problem.bus_unavailable')}
  </Tile>
)
