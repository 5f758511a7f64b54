import type { AccountResponse, OrderHistory, Page, PanelOrder } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiProblem, get, path } from '../data/api.ts'
import { hrefOf } from '../data/router.ts'
import { t } from '../kit/language.ts'
import { Ago, Amount, Empty, Panel, Problem, Screen, Skeleton, Status } from '../parts/basic.tsx'
import { Table } from '../parts/table.tsx'

/** A request for each pause in typing. */
const TYPING_PAUSE_MS = 200

interface Found {
  readonly query: string
  readonly orders: readonly PanelOrder[]
  readonly userId: string | undefined
}

/** Undefined for what does not exist. */
async function orMissing<Data>(request: Promise<Data>): Promise<Data | undefined> {
  try {
    return await request
  } catch (error) {
    if (error instanceof ApiProblem && (error.status === 404 || error.status === 400)) return undefined
    throw error
  }
}

async function find(query: string, signal: AbortSignal): Promise<Found> {
  const [byId, byProvider, account, byUser] = await Promise.all([
    orMissing(get<OrderHistory>(path`/v1/orders/${query}`, {}, signal)),
    orMissing(get<Page<PanelOrder>>('/v1/orders', { providerOrderId: query }, signal)),
    orMissing(get<AccountResponse>(path`/v1/accounts/${query}`, {}, signal)),
    orMissing(get<Page<PanelOrder>>('/v1/orders', { userId: query, limit: 20 }, signal)),
  ])
  const orders = [...(byId ? [byId.order] : []), ...(byProvider?.data ?? []), ...(byUser?.data ?? [])]
  const unique = new Map(orders.map((order) => [order.orderId, order]))
  return { query, orders: [...unique.values()], userId: account?.account.userId }
}

export const Search = ({ query }: { query: string }) => {
  const wanted = query.trim()
  const found = useSignal<Found | undefined>(undefined)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  useEffect(() => {
    problem.value = undefined
    if (wanted === '') return undefined
    const abort = new AbortController()
    const timer = setTimeout(() => {
      find(wanted, abort.signal).then(
        (result) => (found.value = result),
        (error: unknown) => {
          if (!abort.signal.aborted)
            problem.value = error instanceof ApiProblem ? error : new ApiProblem('unreadable', 0, String(error))
        },
      )
    }, TYPING_PAUSE_MS)
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

const Results = ({ found: { orders, userId, query } }: { found: Found }) => {
  if (orders.length === 0 && userId === undefined)
    return (
      <Empty title={t('search.nothing', { query })}>
        <p>{t('search.nothingDetail')}</p>
      </Empty>
    )
  return (
    <>
      {userId === undefined ? null : (
        <Panel title={t('search.users')}>
          <a href={hrefOf('users', userId)}>
            <bdi>{userId}</bdi>
          </a>
        </Panel>
      )}
      {orders.length === 0 ? null : (
        <Panel title={t('search.orders')}>
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
              { title: t('order.user'), cell: (order) => <bdi>{order.userId}</bdi> },
              { title: t('order.status'), cell: (order) => <Status status={order.status} /> },
              {
                title: t('order.charge'),
                isNumber: true,
                cell: (order) => <Amount amount={order.charge} currency={order.currency} />,
              },
              { title: t('column.changed'), cell: (order) => <Ago time={order.updatedAt} /> },
            ]}
          />
        </Panel>
      )}
    </>
  )
}
