import type { OrderView } from '../api.ts'

/** Orders by id, newest first. */
export interface OrderList {
  has(orderId: string): boolean
  replace(orders: readonly OrderView[]): void
  /** Adds orders, or replaces those that it has, which keep their places. */
  set(orders: readonly OrderView[]): void
  /** A new array after each change. */
  orders(): readonly OrderView[]
}

/** Events of early gateways do not have the time; the order is then as old as its last change. */
const createdAtOf = ({ createdAt, updatedAt }: OrderView): string => createdAt ?? updatedAt

export function createOrderList(initial: readonly OrderView[]): OrderList {
  const byId = new Map<string, OrderView>()
  let ids: string[] = []

  function set(orders: readonly OrderView[]): void {
    const countBefore = byId.size
    for (const order of orders) byId.set(order.orderId, order)
    if (byId.size === countBefore) return
    const newestFirst = (a: OrderView, b: OrderView): number =>
      createdAtOf(a) < createdAtOf(b) ? 1 : createdAtOf(a) > createdAtOf(b) ? -1 : 0
    const sorted = Array.from(byId.values())
    sorted.sort(newestFirst)
    ids = sorted.map((order) => order.orderId)
  }

  set(initial)
  return {
    has: (orderId) => byId.has(orderId),
    replace(orders) {
      byId.clear()
      ids = []
      set(orders)
    },
    set,
    orders: () => ids.map((id) => byId.get(id)!),
  }
}
