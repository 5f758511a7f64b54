import type { OrderView, TotalsView } from '@paxyo/browser-client'
import { CLOSED_STATUSES, isOpenStatus, isOrderStatus, ORDER_STATUSES } from '@paxyo/contracts/data'
import { parseMoney } from './money.ts'
import type { RankedOrder } from './panel-state.ts'

export const FILTERS = ['all', 'open', ...CLOSED_STATUSES] as const
export type Filter = (typeof FILTERS)[number]

export const SORT_KEYS = [
  'newest',
  'service',
  'status',
  'progress',
  'quantity',
  'startCount',
  'remains',
  'charge',
  'refunded',
  'updated',
] as const
export type SortKey = (typeof SORT_KEYS)[number]

export const PAGE_SIZES = [25, 50, 100] as const

/** The user's choice of filter, search, sorting and page. */
export interface ListChoice {
  readonly filter: Filter
  readonly search: string
  readonly sort: SortKey
  readonly descending: boolean
  /** From 0. A page that no longer exists is replaced by the last one. */
  readonly page: number
  readonly pageSize: number
}

export const FIRST_CHOICE: ListChoice = {
  filter: 'all',
  search: '',
  sort: 'newest',
  descending: true,
  page: 0,
  pageSize: 25,
}

/** One page of the orders, with the counts. */
export interface OrderPage {
  readonly orders: readonly OrderView[]
  readonly page: number
  readonly pageCount: number
  /** How many match the filter and the search. */
  readonly total: number
  /** How many there are for each filter: of all orders of the user, or within the search. */
  readonly counts: Readonly<Record<Filter, number>>
}

export function listOrders(
  orders: ReadonlyMap<string, RankedOrder>,
  choice: ListChoice,
  totals?: TotalsView,
): OrderPage {
  const words = choice.search.toLowerCase().split(/\s+/).filter(Boolean)
  const counts = Object.fromEntries(FILTERS.map((filter) => [filter, 0])) as Record<Filter, number>
  const fitting: RankedOrder[] = []
  for (const ranked of orders.values()) {
    if (!hasWords(ranked.order, words)) continue
    const filter = filterOf(ranked.order.status)
    counts.all += 1
    if (filter !== undefined) counts[filter] += 1
    if (choice.filter === 'all' || choice.filter === filter) fitting.push(ranked)
  }
  fitting.sort(comparison(choice))

  const pageCount = Math.max(1, Math.ceil(fitting.length / choice.pageSize))
  const page = Math.min(choice.page, pageCount - 1)
  const start = page * choice.pageSize
  const shown = fitting.slice(start, start + choice.pageSize).map(({ order }) => order)
  const isWhole = totals !== undefined && words.length === 0
  return { orders: shown, page, pageCount, total: fitting.length, counts: isWhole ? countsOf(totals) : counts }
}

/** The number of orders for each filter. */
export function countsOf({ orders }: TotalsView): Record<Filter, number> {
  const counts: Record<Filter, number> = { all: 0, open: 0, completed: 0, partial: 0, canceled: 0, failed: 0 }
  for (const [status, count] of Object.entries(orders)) {
    const filter = filterOf(status)
    counts.all += count
    if (filter !== undefined) counts[filter] += count
  }
  return counts
}

/** @returns undefined for an unknown status: such an order appears only under `all`. */
export function filterOf(status: string): Exclude<Filter, 'all'> | undefined {
  if (!isOrderStatus(status)) return undefined
  return isOpenStatus(status) ? 'open' : status
}

/** The delivered part, 0 to 1; undefined until the provider reports it. */
export function progressOf({ status, quantity, remains }: OrderView): number | undefined {
  if (status === 'completed') return 1
  if (remains === null) return undefined
  return Math.min(1, Math.max(0, (quantity - remains) / quantity))
}

/** Every word must occur in one of the fields, so that "insta 123" finds an Instagram order by its id. */
function hasWords({ service, link, orderId, providerOrderId }: OrderView, words: readonly string[]): boolean {
  if (words.length === 0) return true
  const text = `${service}\n${link}\n${orderId}\n${providerOrderId}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

/** In the order in which they follow each other; unknown ones come last. */
const statusRank = (status: string): number =>
  isOrderStatus(status) ? ORDER_STATUSES.indexOf(status) : ORDER_STATUSES.length

type SortValue = number | bigint | string

const SORT_VALUES: Readonly<Record<SortKey, (ranked: RankedOrder) => SortValue>> = {
  newest: ({ rank }) => rank,
  service: ({ order }) => order.service.toLowerCase(),
  status: ({ order }) => statusRank(order.status),
  progress: ({ order }) => progressOf(order) ?? -1,
  quantity: ({ order }) => order.quantity,
  startCount: ({ order }) => order.startCount ?? -1,
  remains: ({ order }) => order.remains ?? -1,
  charge: ({ order }) => parseMoney(order.charge),
  refunded: ({ order }) => parseMoney(order.refunded),
  updated: ({ order }) => order.updatedAt,
}

/** Orders with the same value are sorted newest first, so that the sorting is stable. */
function comparison({ sort, descending }: ListChoice): (one: RankedOrder, other: RankedOrder) => number {
  const value = SORT_VALUES[sort]
  const sign = descending ? -1 : 1
  return (one, other) => {
    const left = value(one)
    const right = value(other)
    if (left === right) return other.rank - one.rank
    return left < right ? -sign : sign
  }
}
