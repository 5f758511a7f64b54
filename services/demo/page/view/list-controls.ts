import {
  FILTERS,
  PAGE_SIZES,
  SORT_KEYS,
  type Filter,
  type ListChoice,
  type OrderPage,
  type SortKey,
} from '../state/order-list.ts'
import type { TextKey } from '../text/en.ts'
import { t } from '../text/language.ts'
import { byId, element, setText } from './element.ts'
import { formatNumber, formatStatus } from './format.ts'

/** The texts of what the orders are sorted by. */
const SORT_TEXTS: Readonly<Record<SortKey, TextKey>> = {
  newest: 'newest',
  updated: 'lastChange',
  service: 'service',
  status: 'status',
  progress: 'progress',
  quantity: 'quantity',
  startCount: 'startCount',
  remains: 'remains',
  charge: 'charge',
  refunded: 'refunded',
}

export interface ListControls {
  show(page: OrderPage, choice: ListChoice, isEmpty: boolean): void
}

/** Filters, search, sorting on a phone, and the pager. @param change receives the part of the choice that changed. */
export function createListControls(change: (choice: Partial<ListChoice>) => void): ListControls {
  const counts = new Map<Filter, { readonly button: HTMLButtonElement; readonly count: HTMLElement }>()
  for (const filter of FILTERS) {
    const count = element('span', { className: 'count' })
    const button = element('button', { className: 'filter', data: { filter } }, filterText(filter), ' ', count)
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
  sort.append(...SORT_KEYS.map((key) => new Option(t(SORT_TEXTS[key]), key)))
  sort.addEventListener('change', () => change(sortingBy(sort.value as SortKey)))

  const pageSize = byId('page-size', 'select')
  pageSize.append(...PAGE_SIZES.map((size) => new Option(formatNumber(size), String(size))))
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
      setText(byId('range'), t('range', { range, total: formatNumber(list.total) }))
      // Not `disabled`, which would drop the focus of a user who pages with the keyboard.
      setUnavailable(previous, list.page === 0)
      setUnavailable(next, list.page === list.pageCount - 1)
      showEmpty(list, isEmpty)
    },
  }
}

const filterText = (filter: Filter): string =>
  filter === 'all' || filter === 'open' ? t(filter) : formatStatus(filter)

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
  setText(byId('empty-title'), t(isEmpty ? 'noOrders' : 'noMatch'))
  setText(byId('empty-text'), t(isEmpty ? 'noOrdersText' : 'noMatchText'))
}
