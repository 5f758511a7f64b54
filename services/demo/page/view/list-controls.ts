import { statusText } from '@paxyo/contracts/data'
import {
  FILTERS,
  PAGE_SIZES,
  SORT_KEYS,
  type Filter,
  type ListChoice,
  type OrderPage,
  type SortKey,
} from '../state/order-list.ts'
import { byId, element, setText } from './element.ts'
import { formatNumber } from './format.ts'

const SORT_LABELS: Readonly<Record<SortKey, string>> = {
  newest: 'Newest first',
  updated: 'Last change',
  service: 'Service',
  status: 'Status',
  progress: 'Progress',
  quantity: 'Quantity',
  startCount: 'Start count',
  remains: 'Remains',
  charge: 'Charge',
  refunded: 'Refunded',
}

export interface ListControls {
  show(page: OrderPage, choice: ListChoice, isEmpty: boolean): void
}

/** Filters, search, sorting on a phone, and the pager. @param change receives the part of the choice that changed. */
export function createListControls(change: (choice: Partial<ListChoice>) => void): ListControls {
  const counts = new Map<Filter, { readonly button: HTMLButtonElement; readonly count: HTMLElement }>()
  for (const filter of FILTERS) {
    const count = element('span', { className: 'count' })
    const button = element('button', { className: 'filter', data: { filter } }, statusText(filter), ' ', count)
    button.type = 'button'
    button.addEventListener('click', () => change({ filter, page: 0 }))
    counts.set(filter, { button, count })
  }
  byId('filters').replaceChildren(...[...counts.values()].map(({ button }) => button))

  const search = byId('search', 'input')
  search.addEventListener('input', () => change({ search: search.value, page: 0 }))
  byId('clear').addEventListener('click', () => {
    search.value = ''
    change({ search: '', filter: 'all', page: 0 })
    search.focus()
  })

  const sort = byId('sort', 'select')
  sort.append(...SORT_KEYS.map((key) => new Option(SORT_LABELS[key], key)))
  sort.addEventListener('change', () => change(sortingBy(sort.value as SortKey)))

  const pageSize = byId('page-size', 'select')
  pageSize.append(...PAGE_SIZES.map((size) => new Option(String(size), String(size))))
  pageSize.addEventListener('change', () => change({ pageSize: Number(pageSize.value), page: 0 }))

  let page = 0
  const previous = byId('previous', 'button')
  const next = byId('next', 'button')
  previous.addEventListener('click', () => change({ page: page - 1 }))
  next.addEventListener('click', () => change({ page: page + 1 }))

  return {
    show(list, choice, isEmpty) {
      page = list.page
      for (const [filter, { button, count }] of counts) {
        button.ariaPressed = String(filter === choice.filter)
        setText(count, formatNumber(list.counts[filter]))
      }
      sort.value = choice.sort
      pageSize.value = String(choice.pageSize)
      byId('pager').hidden = list.total <= PAGE_SIZES[0]
      const first = list.page * choice.pageSize
      const range = `${formatNumber(first + 1)}–${formatNumber(first + list.orders.length)}`
      setText(byId('range'), `${range} of ${formatNumber(list.total)}`)
      // Not `disabled`, which would drop the focus of a user who pages with the keyboard.
      setUnavailable(previous, list.page === 0)
      setUnavailable(next, list.page === list.pageCount - 1)
      showEmpty(list, isEmpty)
    },
  }
}

/** Figures and times are sorted in descending order, names in ascending order. */
export function sortingBy(key: SortKey): Partial<ListChoice> {
  return { sort: key, descending: key !== 'service' && key !== 'status', page: 0 }
}

function setUnavailable(button: HTMLButtonElement, isUnavailable: boolean): void {
  button.ariaDisabled = String(isUnavailable)
}

function showEmpty({ total }: OrderPage, isEmpty: boolean): void {
  byId('empty').hidden = total > 0
  byId('clear').hidden = isEmpty
  setText(byId('empty-title'), isEmpty ? 'No orders yet' : 'No orders match')
  setText(
    byId('empty-text'),
    isEmpty ? 'New orders appear here automatically.' : 'No order has this status and contains these words.',
  )
}
