import type { OrderHistory } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post } from '../data/api.ts'
import { orderChanged } from '../data/changes.ts'
import { announce } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { hrefOf } from '../data/router.ts'
import { can } from '../data/session.ts'
import { formatNumber, shortLink } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { isZero, refundable } from '../kit/money.ts'
import { Amount, Button, Facts, Panel, Problem, Screen, Skeleton, Status } from '../parts/basic.tsx'
import { CancelDialog, RefundDialog, StatusDialog } from '../parts/order-dialogs.tsx'
import { AtServer } from './at-server.tsx'
import { OrderTimeline } from './order-timeline.tsx'

/** An order: its story with the money beside it, and what can be done. */
export const Order = ({ id }: { id: string }) => {
  const { data, problem, reload } = useResource(
    `order ${id}`,
    (signal) => get<OrderHistory>(path`/v1/orders/${id}`, {}, signal),
    orderChanged(id),
  )
  const history = data.value
  return (
    <Screen
      title={t('order.title', { id })}
      lead={history && <bdi>{history.order.service}</bdi>}
      actions={history && can('refunds:write') ? <OrderActions order={history.order} onDone={reload} /> : undefined}
    >
      <Problem problem={problem.value} onRetry={reload} />
      {history === undefined ? (
        problem.value === undefined ? (
          <Skeleton lines={8} />
        ) : null
      ) : (
        <div class="columns">
          <div class="stack">
            <Panel title={t('order.story')}>
              <OrderTimeline history={history} />
            </Panel>
            <AtServer orderId={id} />
          </div>
          <Panel title={t('order.facts')}>
            <OrderFacts order={history.order} />
          </Panel>
        </div>
      )}
    </Screen>
  )
}

type Order = OrderHistory['order']

const OrderFacts = ({ order }: { order: Order }) => (
  <Facts
    facts={[
      [t('order.status'), <Status status={order.status} />],
      [t('order.charge'), <Amount amount={order.charge} currency={order.currency} />],
      [t('order.refunded'), <Amount amount={order.refunded} currency={order.currency} />],
      [t('order.left'), <Amount amount={refundable(order)} currency={order.currency} />],
      [t('order.quantity'), formatNumber(order.quantity)],
      [t('order.remains'), order.remains === null ? t('order.unknown') : formatNumber(order.remains)],
      [
        t('order.user'),
        <a href={hrefOf('users', order.userId)}>
          <bdi>{order.userId}</bdi>
        </a>,
      ],
      [
        t('order.link'),
        // The link comes from a panel's user: it is shown, and opened only on purpose.
        <bdi class="breakable">{shortLink(order.link)}</bdi>,
      ],
      [
        t('order.provider'),
        order.provider === null ? (
          t('order.noProvider')
        ) : (
          <bdi>{`${order.provider} ${order.providerOrderId ?? ''}`}</bdi>
        ),
      ],
    ]}
  />
)

type Choice = 'refund' | 'cancel' | 'set_status'

const OrderActions = ({ order, onDone }: { order: Order; onDone: () => void }) => {
  const choice = useSignal<Choice | undefined>(undefined)
  const hasRest = !isZero(refundable(order))
  const choose = (chosen: Choice) => (): void => void (choice.value = chosen)
  const dialog = {
    order,
    onClose: (): void => void (choice.value = undefined),
    async run(body: object, idempotencyKey: string): Promise<void> {
      await post(path`/v1/orders/${order.orderId}/actions`, body, idempotencyKey)
      announce({ type: 'everything' })
      onDone()
    },
  }
  return (
    <div class="buttons" role="group" aria-label={t('order.actions')}>
      {hasRest ? <Button onClick={choose('refund')}>{t('action.refund')}</Button> : null}
      <Button onClick={choose('set_status')}>{t('action.setStatus')}</Button>
      {hasRest || order.status !== 'canceled' ? (
        <Button kind="danger" onClick={choose('cancel')}>
          {t('action.cancelOrder')}
        </Button>
      ) : null}
      {choice.value === 'refund' ? <RefundDialog {...dialog} suggested={refundable(order)} /> : null}
      {choice.value === 'cancel' ? <CancelDialog {...dialog} /> : null}
      {choice.value === 'set_status' ? <StatusDialog {...dialog} /> : null}
    </div>
  )
}
