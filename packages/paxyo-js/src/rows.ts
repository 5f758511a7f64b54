/** How many rows of a page are updated. */
export const ROWS_MAX = 5_000

const ROW = '[data-order-id]'

/** The page's current rows by order id. */
export interface Rows {
  /** In the order in which they were added. */
  of(orderId: string): readonly Element[]
  /** The orders that have rows, in the order in which they were added. */
  ids(): string[]
  /** Adds a row at once, instead of when the browser reports it. */
  add(row: Element): void
}

export interface RowsOptions {
  readonly page: Document
  /** A row was added, or has new fields. */
  readonly onRow: (orderId: string) => void
  /** Another element was added: it may show the balance. */
  readonly onElement: () => void
  /** There are more than `ROWS_MAX` rows; further ones are ignored. */
  readonly onTooMany: () => void
}

/** Finds the rows of a page, and tracks the rows that its scripts add, move, remove or reuse for another order. */
export function watchRows({ page, onRow, onElement, onTooMany }: RowsOptions): Rows {
  const rowsById = new Map<string, Set<Element>>()
  const idByRow = new Map<Element, string>()

  function add(row: Element): void {
    const id = row.getAttribute('data-order-id')
    if (!id) return forget(row)
    if (idByRow.get(row) !== id) {
      forget(row)
      if (idByRow.size >= ROWS_MAX) return onTooMany()
      idByRow.set(row, id)
      rowsById.set(id, (rowsById.get(id) ?? new Set()).add(row))
    }
    onRow(id)
  }

  function forget(row: Element): void {
    const id = idByRow.get(row)
    if (id === undefined) return
    idByRow.delete(row)
    const rows = rowsById.get(id)
    rows?.delete(row)
    if (rows?.size === 0) rowsById.delete(id)
  }

  function addAround(element: Element): void {
    const outer = element.closest(ROW)
    if (outer !== null) add(outer)
    for (const row of element.querySelectorAll(ROW)) add(row)
    onElement()
  }

  function forgetWithin(element: Element): void {
    for (const row of [element, ...element.querySelectorAll(ROW)]) if (!row.isConnected) forget(row)
  }

  for (const row of page.querySelectorAll(ROW)) add(row)
  new MutationObserver((records) => {
    for (const { target, addedNodes, removedNodes } of records) {
      // Removed rows first: a script that replaces all rows must not exceed the limit.
      for (const node of removedNodes) if (node instanceof Element) forgetWithin(node)
      if (addedNodes.length === 0 && removedNodes.length === 0) add(target as Element)
      for (const node of addedNodes) if (node instanceof Element && node.isConnected) addAround(node)
    }
  }).observe(page.documentElement, { subtree: true, childList: true, attributeFilter: ['data-order-id'] })

  return { of: (orderId) => [...(rowsById.get(orderId) ?? [])], ids: () => [...rowsById.keys()], add }
}
