import type { AccountResponse, LedgerEntry, PanelOrder, UserConnections } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { ApiProblem, get, path, post } from '../data/api.ts'
import { userChanged, connectionsChanged } from '../data/changes.ts'
import { useList } from '../data/pages.ts'
import { useResource } from '../data/resource.ts'
import { hrefOf } from '../data/router.ts'
import { can } from '../data/session.ts'
import { t, textOf } from '../kit/language.ts'
import { Ago, Amount, Button, Empty, Panel, Problem, Screen, Skeleton, Status, Time } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { ListTable, Table } from '../parts/table.tsx'

/** A panel's user: money, orders, and what their browsers show. */
export const User = ({ id }: { id: string }) => {
  const concerns = userChanged(id)
  const { data, problem, reload } = useResource(
    `account ${id}`,
    (signal) => get<AccountResponse>(path`/v1/accounts/${id}`, {}, signal),
    concerns,
  )
  const orders = useList<PanelOrder>('/v1/orders', { userId: id }, { concerns, idOf: (order) => order.orderId })
  const ledger = useList<LedgerEntry>(path`/v1/accounts/${id}/ledger`, {}, { concerns, idOf: (entry) => entry.entryId })
  const account = data.value?.account
  const currency = account?.currency ?? 'USD'
  return (
    <Screen
      title={t('user.title', { id })}
      lead={
        account && (
          <>
            {t('user.balance')} <Amount amount={account.balance} currency={account.currency} />
          </>
        )
      }
      actions={can('tokens') ? <UserActions id={id} /> : undefined}
    >
      <Problem problem={problem.value} onRetry={reload} />
      <Connections id={id} />
      <Panel title={t('user.orders')}>
        <ListTable
          list={orders}
          label={t('user.orders')}
          empty={t('user.noOrders')}
          idOf={(order) => order.orderId}
          columns={[
            {
              title: t('order.id'),
              cell: (order) => (
                <a href={hrefOf('orders', order.orderId)}>
                  <bdi>{order.orderId}</bdi>
                </a>
              ),
            },
            { title: t('order.service'), cell: (order) => <bdi>{order.service}</bdi> },
            { title: t('order.status'), cell: (order) => <Status status={order.status} /> },
            {
              title: t('order.charge'),
              isNumber: true,
              cell: (order) => <Amount amount={order.charge} currency={order.currency} />,
            },
            {
              title: t('order.refunded'),
              isNumber: true,
              cell: (order) => <Amount amount={order.refunded} currency={order.currency} />,
            },
            { title: t('column.changed'), cell: (order) => <Ago time={order.updatedAt} /> },
          ]}
        />
      </Panel>
      {problem.value instanceof ApiProblem ? null : (
        <Panel title={t('user.ledger')}>
          <ListTable
            list={ledger}
            label={t('user.ledger')}
            empty={t('user.noLedger')}
            idOf={(entry) => entry.entryId}
            columns={[
              { title: t('column.time'), cell: (entry) => <Time time={entry.createdAt} /> },
              { title: t('user.kind'), cell: (entry) => textOf('ledger', entry.kind) ?? entry.kind },
              {
                title: t('order.id'),
                cell: (entry) =>
                  entry.orderId === null ? (
                    <bdi>{entry.paymentRef ?? ''}</bdi>
                  ) : (
                    <a href={hrefOf('orders', entry.orderId)}>
                      <bdi>{entry.orderId}</bdi>
                    </a>
                  ),
              },
              {
                title: t('column.amount'),
                isNumber: true,
                cell: (entry) => (
                  <Amount amount={entry.amount} currency={currency} sign={entry.kind === 'charge' ? '−' : '+'} />
                ),
              },
              {
                title: t('user.balance'),
                isNumber: true,
                cell: (entry) => <Amount amount={entry.balanceAfter} currency={currency} />,
              },
            ]}
          />
        </Panel>
      )}
    </Screen>
  )
}

/** What the user's page shows: how far each of their browsers is. */
const Connections = ({ id }: { id: string }) => {
  const { data, problem, reload } = useResource(
    `connections ${id}`,
    (signal) => get<UserConnections>(path`/v1/users/${id}/connections`, {}, signal),
    (change) => connectionsChanged(change) || userChanged(id)(change),
  )
  const found = data.value
  return (
    <Panel title={t('user.connections')}>
      <Problem problem={problem.value} onRetry={reload} />
      {found === undefined ? (
        problem.value ? null : (
          <Skeleton lines={2} />
        )
      ) : found.connections.length === 0 ? (
        <Empty title={t('user.offline')}>
          <p>
            {found.seen === null ? t('user.neverSeen') : t('user.lastSeen')}{' '}
            {found.seen === null ? null : <Ago time={found.seen.at} />}
          </p>
        </Empty>
      ) : (
        <Table
          label={t('user.connections')}
          items={found.connections}
          idOf={(connection) => `${connection.gatewayId} ${connection.openedAt}`}
          columns={[
            { title: t('user.browser'), cell: (connection) => <bdi>{connection.browser ?? t('order.unknown')}</bdi> },
            { title: t('user.since'), cell: (connection) => <Ago time={connection.openedAt} /> },
            {
              title: t('user.shows'),
              cell: ({ lag, seenSeq }) =>
                lag > 0
                  ? t('user.behind', { count: lag })
                  : seenSeq === found.seq
                    ? t('user.upToDateSeen')
                    : t('user.upToDate'),
            },
            { title: t('user.transport'), cell: ({ transport }) => textOf('transport', transport) ?? transport },
          ]}
        />
      )}
    </Panel>
  )
}

const UserActions = ({ id }: { id: string }) => {
  const choice = useSignal<'disconnect' | 'revoke-tokens' | undefined>(undefined)
  const closed = useSignal<number | null | undefined>(undefined)
  return (
    <div class="buttons">
      <span role="status">{closed.value === undefined ? null : t('user.closed', { count: closed.value ?? 0 })}</span>
      <Button onClick={() => (choice.value = 'disconnect')}>{t('user.disconnect')}</Button>
      <Button kind="danger" onClick={() => (choice.value = 'revoke-tokens')}>
        {t('user.revoke')}
      </Button>
      {choice.value === undefined ? null : (
        <ActionDialog
          title={t(choice.value === 'disconnect' ? 'user.disconnect' : 'user.revoke')}
          button={t(choice.value === 'disconnect' ? 'user.disconnect' : 'user.revoke')}
          kind={choice.value === 'disconnect' ? 'primary' : 'danger'}
          hasNote={false}
          run={async ({ idempotencyKey }) => {
            const url = `${path`/v1/users/${id}/`}${choice.value ?? 'disconnect'}`
            closed.value = (await post<{ closed: number | null }>(url, undefined, idempotencyKey)).closed
          }}
          onClose={() => (choice.value = undefined)}
        >
          <p>{t(choice.value === 'disconnect' ? 'user.disconnectDetail' : 'user.revokeDetail')}</p>
        </ActionDialog>
      )}
    </div>
  )
}
