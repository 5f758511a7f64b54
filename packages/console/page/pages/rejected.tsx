import type {
  DeliveryView,
  FullRejectedRequestView,
  RejectedReplay,
  RejectedReplayPage,
  RejectedRequestView,
} from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post } from '../data/api.ts'
import { anyDelivery } from '../data/changes.ts'
import { announce } from '../data/live.ts'
import { useList } from '../data/pages.ts'
import { useResource } from '../data/resource.ts'
import { hrefOf } from '../data/router.ts'
import { can } from '../data/session.ts'
import { t, textOf } from '../kit/language.ts'
import { Ago, Badge, Button, Empty, Outcome, Panel, Problem, Screen, Skeleton } from '../parts/basic.tsx'
import { Body } from '../parts/body.tsx'
import { Progress, useProgress } from '../parts/progress.tsx'
import { useRequest } from '../parts/request.ts'
import { ListTable } from '../parts/table.tsx'
import { causesOf, type Cause } from '../state/causes.ts'

/** What could not be read, by cause, and what waits for its order. */
export const Rejected = () => {
  const rejected = useList<RejectedRequestView>(
    '/v1/rejected-requests',
    {},
    { concerns: anyDelivery, idOf: (request) => request.requestId },
  )
  const parked = useList<DeliveryView>(
    '/v1/deliveries',
    { outcome: 'parked' },
    { concerns: anyDelivery, idOf: (delivery) => delivery.deliveryId },
  )
  return (
    <Screen title={t('rejected.title')} lead={t('rejected.lead')}>
      <Panel
        title={t('rejected.requests')}
        actions={can('reviews') && rejected.items?.length ? <ReplayAll onDone={rejected.reload} /> : null}
      >
        <Problem problem={rejected.problem} onRetry={rejected.reload} />
        {rejected.items === undefined ? (
          rejected.problem ? null : (
            <Skeleton />
          )
        ) : rejected.items.length === 0 ? (
          <Empty title={t('rejected.none')}>
            <p>{t('rejected.noneDetail')}</p>
          </Empty>
        ) : (
          <ul class="causes">
            {causesOf(rejected.items).map((cause) => (
              <CauseView key={cause.key} cause={cause} onDone={rejected.reload} />
            ))}
          </ul>
        )}
        {rejected.hasMore ? (
          <div class="more">
            <Button isBusy={rejected.isLoadingMore.value} onClick={() => void rejected.loadMore()}>
              {t('action.older')}
            </Button>
          </div>
        ) : null}
      </Panel>
      <Panel title={t('rejected.parked')}>
        <p class="hint">{t('rejected.parkedDetail')}</p>
        <ListTable
          list={parked}
          label={t('rejected.parked')}
          empty={t('rejected.noParked')}
          idOf={(delivery) => delivery.deliveryId}
          columns={[
            {
              title: t('delivery.providerOrder'),
              cell: (delivery) => (
                <a href={hrefOf('deliveries', delivery.deliveryId)}>
                  <bdi>{delivery.providerOrderId ?? t('order.unknown')}</bdi>
                </a>
              ),
            },
            { title: t('order.provider'), cell: (delivery) => <bdi>{delivery.provider}</bdi> },
            { title: t('rejected.since'), cell: (delivery) => <Ago time={delivery.receivedAt} /> },
          ]}
        />
      </Panel>
    </Screen>
  )
}

const ReplayAll = ({ onDone }: { onDone: () => void }) => {
  const progress = useProgress()
  const start = (): Promise<void> =>
    progress.run(async ({ isStopped, done }) => {
      for (let cursor: string | null | undefined; cursor !== null && !isStopped();) {
        const page: RejectedReplayPage = await post('/v1/rejected-requests/replay', { ...(cursor && { cursor }) })
        done(page.data.length)
        cursor = page.nextCursor
      }
      announce({ type: 'everything' })
      onDone()
    })
  return (
    <Progress progress={progress} text={(count) => t('rejected.replayed', { count })}>
      <Button onClick={() => void start()}>{t('rejected.replayAll')}</Button>
    </Progress>
  )
}

const CauseView = ({ cause, onDone }: { cause: Cause; onDone: () => void }) => (
  <li>
    <details>
      <summary>
        <span class="cause-text">{textOf('rejection', cause.reason) ?? cause.reason}</span>
        <span class="hint">
          <bdi>{cause.provider}</bdi>
        </span>
        <Badge tone="warn">{t('rejected.count', { count: cause.count })}</Badge>
        <span class="hint">
          <Ago time={cause.lastReceivedAt} />
        </span>
      </summary>
      <ul class="requests">
        {cause.requests.map((request) => (
          <RequestView key={request.requestId} request={request} onDone={onDone} />
        ))}
      </ul>
    </details>
  </li>
)

const RequestView = ({ request, onDone }: { request: RejectedRequestView; onDone: () => void }) => {
  const isOpen = useSignal(false)
  return (
    <li>
      <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
        <summary>
          <Ago time={request.lastReceivedAt} /> · {t('rejected.from')} <bdi>{request.address}</bdi>
          {request.count > 1 ? ` · ${t('rejected.count', { count: request.count })}` : null}
        </summary>
        {isOpen.value ? <RequestBody request={request} onDone={onDone} /> : null}
      </details>
    </li>
  )
}

const RequestBody = ({ request, onDone }: { request: RejectedRequestView; onDone: () => void }) => {
  const result = useSignal<RejectedReplay | undefined>(undefined)
  const replaying = useRequest()
  const { data, problem, reload } = useResource(
    `rejected ${request.requestId}`,
    (signal) => get<FullRejectedRequestView>(path`/v1/rejected-requests/${request.requestId}`, {}, signal),
    () => false,
  )
  async function replay(): Promise<void> {
    result.value = await post<RejectedReplay>(path`/v1/rejected-requests/${request.requestId}/replay`)
    if (result.value.error === null) onDone()
  }
  return (
    <>
      <Problem problem={problem.value} onRetry={reload} />
      {request.detail === null ? null : <p>{request.detail}</p>}
      {data.value === undefined ? null : <Body text={data.value.body ?? t('rejected.tooLarge')} />}
      {can('reviews') ? (
        <Button isBusy={replaying.isBusy.value} onClick={() => void replaying.run(replay)}>
          {t('action.replay')}
        </Button>
      ) : null}
      <Problem problem={replaying.problem.value} />
      {result.value === undefined ? null : (
        <p role="status">
          {result.value.error === null
            ? result.value.updates.map((update) => <Outcome key={update.deliveryId} outcome={update.outcome} />)
            : t('rejected.stillUnreadable')}
        </p>
      )}
    </>
  )
}
