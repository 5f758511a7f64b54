import type { OrderView } from '@paxyo/browser-client'

/** How many rows a list has at most, if its template does not say. */
const LIST_ROWS_MAX = 1_000

const ROW = '[data-order-id]'

/** Lists to which the script adds rows: the parents of `<template data-order-template>`. */
export interface OrderLists {
  /**
   * Adds the order's row to each list that does not have it yet.
   *
   * @param isNew whether it was registered while the page was open; a list of `all` orders takes others, too.
   * @returns the rows that were added.
   */
  add(order: OrderView, isNew: boolean): readonly Element[]
}

/** @param createdAt when an order was created, if it is known; rows of unknown orders count as older. */
export function createOrderLists(page: Document, createdAt: (orderId: string) => string | undefined): OrderLists {
  // A live collection: the page may add templates at any time.
  const templates = page.getElementsByTagName('template')
  return {
    add(order, isNew) {
      const added: Element[] = []
      for (const template of templates) {
        const scope = template.getAttribute('data-order-template')
        if (scope === null || (!isNew && scope !== 'all')) continue
        const row = addRow(template, order, createdAt)
        if (row?.isConnected === true) added.push(row)
      }
      return added
    },
  }
}

function addRow(
  template: HTMLTemplateElement,
  order: OrderView,
  createdAt: (orderId: string) => string | undefined,
): Element | undefined {
  const model = template.content.firstElementChild
  const list = template.parentElement
  if (model === null || list === null) return undefined
  const rows = [...list.children].filter((child) => child.matches(ROW))
  const idOf = (row: Element): string => row.getAttribute('data-order-id')!
  if (rows.some((row) => idOf(row) === order.orderId)) return undefined

  const row = list.ownerDocument.importNode(model, true)
  row.setAttribute('data-order-id', order.orderId)
  const at = createdAtOf(order)
  const isNewestFirst = template.getAttribute('data-order-sort') !== 'oldest'
  const isAfter = (other: Element): boolean => {
    const otherAt = createdAt(idOf(other)) ?? ''
    return isNewestFirst ? otherAt <= at : otherAt > at
  }
  const next = rows.findIndex(isAfter)
  if (next >= 0) rows[next]!.before(row)
  else (rows[rows.length - 1] ?? template).after(row)
  rows.splice(next < 0 ? rows.length : next, 0, row)

  const max = Number(template.getAttribute('data-order-max')) || LIST_ROWS_MAX
  const superfluous = isNewestFirst ? rows.slice(max) : rows.slice(0, Math.max(0, rows.length - max))
  for (const each of superfluous) each.remove()
  return row
}

/** Events of early gateways do not have the time; the order is then as old as its last change. */
export const createdAtOf = ({ createdAt, updatedAt }: OrderView): string => createdAt ?? updatedAt
