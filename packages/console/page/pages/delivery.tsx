import type { DeliveryResponse, OrderHistory, ReplayResponse } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post } from '../data/api.ts'
import { anyDelivery, orderChanged } from '../data/changes.ts'
import { announce } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { hrefOf } from '../data/router.ts'
import { can } from '../data/session.ts'
import { t, textOf } from '../kit/language.ts'
import { Button, Code, Empty, Facts, Outcome, Panel, Problem, Screen, Skeleton, Time } from '../parts/basic.tsx'
import { Body } from '../parts/body.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { Table } from '../parts/table.tsx'
import { curlOf } from '../state/curl.ts'
import { effectsOf, timelineOf } from '../state/timeline.ts'
import { AtServer } from './at-server.tsx'
import { Timeline } from './order-timeline.tsx'

/** The story of a delivery: what was received, what was decided, and its replays. */
export const Delivery = ({ id }: { id: string }) => {
  const isAsking = useSignal(false)
  const replayed = useSignal<ReplayResponse | undefined>(undefined)
  const { data, problem, reload } = useResource(
    `delivery ${id}`,
    (signal) => get<DeliveryResponse>(path`/v1/deliveries/${id}`, {}, signal),
    (change) => change.type !== 'batch' && anyDelivery(change),
  )
  const found = data.value
  return (
    <Screen
      title={t('delivery.title')}
      lead={found && (textOf('decision', found.delivery.outcome) ?? found.delivery.outcome)}
      actions={
        found === undefined ? undefined : (
          <div class="buttons">
            {found.delivery.body === null ? null : (
              <CopyButton
                text={curlOf({ ...found.delivery, body: found.delivery.body }, location.origin)}
                label={t('delivery.copyCurl')}
              />
            )}
            {can('reviews') && found.delivery.body !== null ? (
              <Button onClick={() => (isAsking.value = true)}>{t('action.replay')}</Button>
            ) : null}
          </div>
        )
      }
    >
      <Problem problem={problem.value} onRetry={reload} />
      {replayed.value === undefined ? null : (
        <p class="notice" role="status">
          {t('delivery.replayed')} <Outcome outcome={replayed.value.outcome} />
        </p>
      )}
      {found === undefined ? problem.value ? null : <Skeleton lines={8} /> : <Story found={found} />}
      {isAsking.value ? (
        <ActionDialog
          title={t('delivery.replayTitle')}
          button={t('action.replay')}
          hasNote={false}
          run={async ({ idempotencyKey }) => {
            replayed.value = await post<ReplayResponse>(path`/v1/deliveries/${id}/replay`, undefined, idempotencyKey)
            announce({ type: 'everything' })
            reload()
          }}
          onClose={() => (isAsking.value = false)}
        >
          <p>{t('delivery.replayDetail')}</p>
        </ActionDialog>
      ) : null}
    </Screen>
  )
}

const Story = ({ found: { delivery, replays } }: { found: DeliveryResponse }) => (
  <div class="columns">
    <div class="stack">
      <Panel title={t('delivery.body')}>
        <Body text={delivery.body} />
      </Panel>
      {delivery.orderId === null ? null : (
        <>
          <Effects key={delivery.orderId} orderId={delivery.orderId} deliveryId={delivery.deliveryId} />
          <AtServer orderId={delivery.orderId} />
        </>
      )}
      <Panel title={t('delivery.replays')}>
        {replays.length === 0 ? (
          <Empty title={t('delivery.noReplays')} />
        ) : (
          <Table
            label={t('delivery.replays')}
            items={replays}
            idOf={(replay) => replay.deliveryId}
            columns={[
              { title: t('column.time'), cell: (replay) => <Time time={replay.receivedAt} /> },
              { title: t('column.outcome'), cell: (replay) => <Outcome outcome={replay.outcome} /> },
            ]}
          />
        )}
      </Panel>
    </div>
    <Panel title={t('delivery.facts')}>
      <Facts
        facts={[
          [t('column.outcome'), <Outcome outcome={delivery.outcome} />],
          ...(delivery.reason === null
            ? []
            : [[t('delivery.reason'), textOf('reason', delivery.reason) ?? delivery.reason] as const]),
          [t('column.time'), <Time time={delivery.receivedAt} />],
          [t('order.provider'), <bdi>{delivery.provider}</bdi>],
          [t('delivery.providerOrder'), <bdi>{delivery.providerOrderId ?? t('order.unknown')}</bdi>],
          [
            t('order.id'),
            delivery.orderId === null ? (
              t('delivery.noOrder')
            ) : (
              <a href={hrefOf('orders', delivery.orderId)}>
                <bdi>{delivery.orderId}</bdi>
              </a>
            ),
          ],
          [t('delivery.id'), <Code>{delivery.deliveryId}</Code>],
        ]}
      />
    </Panel>
  </div>
)

/** What the delivery did to its order: the refund, and how it reached the user. */
const Effects = ({ orderId, deliveryId }: { orderId: string; deliveryId: string }) => {
  const { data, problem, reload } = useResource(
    `order ${orderId}`,
    (signal) => get<OrderHistory>(path`/v1/orders/${orderId}`, {}, signal),
    orderChanged(orderId),
  )
  const history = data.value
  const effects = history && effectsOf(timelineOf(history), deliveryId)
  if (effects?.length === 0) return null
  return (
    <Panel title={t('delivery.effects')}>
      <Problem problem={problem.value} onRetry={reload} />
      {history === undefined || effects === undefined ? (
        problem.value ? null : (
          <Skeleton lines={2} />
        )
      ) : (
        <Timeline moments={effects} order={history.order} />
      )}
    </Panel>
  )
}
