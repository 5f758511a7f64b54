import type { OrderView } from '@paxyo/browser-client'
import type { ListChoice, OrderPage, SortKey } from '../state/order-list.ts'
import { byId } from './element.ts'
import { createOrderRow, type OrderRow } from './order-row.ts'

export interface OrderTableOptions {
  readonly isSelectable: boolean
  readonly onSort: (key: SortKey) => void
  readonly onSelect: (orderId: string) => void
}

export interface OrderTable {
  show(page: OrderPage, choice: ListChoice, selectedId: string | undefined): void
  /** Highlights rows that are on the page. */
  flash(orderIds: ReadonlySet<string>): void
}

/** Shows a page of orders. Rows are kept per order, so that a change updates only the cells that differ. */
export function createOrderTable({ isSelectable, onSort, onSelect }: OrderTableOptions): OrderTable {
  const body = byId('orders', 'tbody')
  const headers = findColumns(onSort)
  const rows = new Map<string, { readonly row: OrderRow; order: OrderView }>()
  let selected: string | undefined
  body.addEventListener('animationend', ({ target }) => {
    if (target instanceof HTMLTableRowElement) delete target.dataset['flash']
  })
  if (isSelectable) {
    body.addEventListener('click', ({ target }) => {
      // A click on a link follows it, and a selection of text is not a click.
      if (!(target instanceof Element) || target.closest('a') !== null || getSelection()?.type === 'Range') return
      const orderId = target.closest<HTMLElement>('[data-order-id]')?.dataset['orderId']
      if (orderId !== undefined) onSelect(orderId)
    })
  }

  function rowOf(order: OrderView): OrderRow {
    const known = rows.get(order.orderId)
    if (known === undefined) {
      const row = createOrderRow(order, isSelectable)
      rows.set(order.orderId, { row, order })
      return row
    }
    if (known.order !== order) {
      known.row.show(order)
      known.order = order
    }
    return known.row
  }

  return {
    show({ orders }, choice, selectedId) {
      byId('table').ariaBusy = 'false'
      const shown = orders.map((order) => rowOf(order).root)
      placeChildren(body, shown)
      const shownIds = new Set(orders.map(({ orderId }) => orderId))
      for (const orderId of rows.keys()) if (!shownIds.has(orderId)) rows.delete(orderId)
      if (selected !== selectedId && selected !== undefined) rows.get(selected)?.row.setSelected(false)
      selected = selectedId
      if (selectedId !== undefined) rows.get(selectedId)?.row.setSelected(true)
      for (const [key, header] of headers) {
        header.ariaSort = key !== choice.sort ? 'none' : choice.descending ? 'descending' : 'ascending'
      }
    },
    flash(orderIds) {
      for (const orderId of orderIds) rows.get(orderId)?.row.flash()
    },
  }
}

/** Sets the children, in this order. It does not move a child that is already in place: that would remove its focus. */
function placeChildren(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const wanted = new Set<Element>(children)
  for (const child of Array.from(parent.children)) if (!wanted.has(child)) child.remove()
  let next = parent.firstElementChild
  for (const child of children) {
    if (child === next) next = next.nextElementSibling
    else parent.insertBefore(child, next)
  }
}

/** The headers of index.html, each with a button that sorts by it. */
function findColumns(onSort: (key: SortKey) => void): Map<SortKey, HTMLElement> {
  const headers = [...byId('columns').querySelectorAll<HTMLElement>('[data-sort]')]
  return new Map(
    headers.map((header) => {
      const key = header.dataset['sort'] as SortKey
      header.querySelector('button')!.addEventListener('click', () => onSort(key))
      return [key, header]
    }),
  )
}
