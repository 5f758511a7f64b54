import type { SearchResult } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { get, toProblem, type ApiProblem } from '../data/api.ts'
import { hrefOf } from '../data/router.ts'
import { shortLink } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Ago, Amount, Empty, Panel, Problem, Screen, Skeleton, Status } from '../parts/basic.tsx'
import { Table } from '../parts/table.tsx'

/** A request for each pause in typing. */
const TYPING_PAUSE_MS = 200

interface Found extends SearchResult {
  readonly query: string
}

/** Orders by their ids or links, and users. */
export const Search = ({ query }: { query: string }) => {
  const wanted = query.trim()
  const found = useSignal<Found | undefined>(undefined)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  useEffect(() => {
    problem.value = undefined
    if (wanted === '') return undefined
    const abort = new AbortController()
    const find = async (): Promise<void> => {
      try {
        found.value = { query: wanted, ...(await get<SearchResult>('/v1/search', { q: wanted }, abort.signal)) }
      } catch (error) {
        if (abort.signal.aborted) return
        problem.value = toProblem(error)
      }
    }
    const timer = setTimeout(() => void find(), TYPING_PAUSE_MS)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [wanted])
  return (
    <Screen title={t('search.title')} lead={t('search.lead')}>
      <Problem problem={problem.value} />
      {wanted === '' ? (
        <Empty title={t('search.start')}>
          <p>{t('search.startDetail')}</p>
        </Empty>
      ) : found.value?.query === wanted ? (
        <Results found={found.value} />
      ) : problem.value ? null : (
        <Skeleton />
      )}
    </Screen>
  )
}

const Results = ({ found: { orders, users, hasMore, query } }: { found: Found }) => {
  if (orders.length === 0 && users.length === 0)
    return (
      <Empty title={t('search.nothing', { query })}>
        <p>{t('search.nothingDetail')}</p>
      </Empty>
    )
  return (
    <>
      {users.length === 0 ? null : (
        <Panel title={t('search.users')}>
          <Table
            label={t('search.users')}
            items={users}
            idOf={(user) => user.userId}
            columns={[
              {
                title: t('order.user'),
                cell: ({ userId }) => (
                  <a href={hrefOf('users', userId)}>
                    <bdi>{userId}</bdi>
                  </a>
                ),
              },
              {
                title: t('user.balance'),
                isNumber: true,
                cell: ({ balance, currency }) => <Amount amount={balance} currency={currency} />,
              },
            ]}
          />
        </Panel>
      )}
      {orders.length === 0 ? null : (
        <Panel title={t('search.orders')}>
          <FoundOrders orders={orders} />
          {hasMore ? <p class="hint">{t('search.hasMore')}</p> : null}
        </Panel>
      )}
    </>
  )
}

const FoundOrders = ({ orders }: { orders: SearchResult['orders'] }) => (
  <Table
    label={t('search.orders')}
    items={orders}
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
      { title: t('order.link'), cell: (order) => <bdi class="breakable">{shortLink(order.link)}</bdi> },
      {
        title: t('order.user'),
        cell: (order) => (
          <a href={hrefOf('users', order.userId)}>
            <bdi>{order.userId}</bdi>
          </a>
        ),
      },
      { title: t('order.status'), cell: (order) => <Status status={order.status} /> },
      { title: t('search.ordered'), cell: (order) => <Ago time={order.createdAt} /> },
    ]}
  />
)
