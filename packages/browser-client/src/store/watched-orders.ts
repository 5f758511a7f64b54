import type { Client, OrderView } from '../api.ts'

export interface WatchedOrdersDeps {
  /** Undefined while orders cannot be read. */
  readonly read: () => Pick<Client, 'orders'> | undefined
  readonly isListed: (orderId: string) => boolean
  readonly onChange: (orders: ReadonlyMap<string, OrderView | null>) => void
}

/** Orders that are not in the list and are read by their ids, all those of a moment at once. */
export interface WatchedOrders {
  follow(orderId: string): () => void
  /** Reads those that are neither listed nor read yet. */
  readMissing(): void
  orders(): ReadonlyMap<string, OrderView | null>
  delete(orderId: string): void
  clear(): void
}

export function createWatchedOrders({ read, isListed, onChange }: WatchedOrdersDeps): WatchedOrders {
  const watchers = new Map<string, number>()
  let found: ReadonlyMap<string, OrderView | null> = new Map()
  let requested = new Set<string>()
  let isDue = false

  function readMissing(): void {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      isDue = false
      void readNow()
    })
  }

  async function readNow(): Promise<void> {
    const ids = Array.from(watchers.keys()).filter((id) => !isListed(id) && !found.has(id) && !requested.has(id))
    const client = read()
    if (ids.length === 0 || client === undefined) return
    const mine = requested
    for (const id of ids) mine.add(id)
    // The client was closed, or too much was requested: the next snapshot, or the next watcher, reads them again.
    const orders = await client.orders(ids).catch(() => undefined)
    if (mine !== requested) return
    for (const id of ids) mine.delete(id)
    if (orders === undefined) return
    const byId = new Map(orders.map((order) => [order.orderId, order]))
    const missing = ids.filter((id) => watchers.has(id) && !isListed(id))
    found = new Map([...Array.from(found), ...missing.map((id) => [id, byId.get(id) ?? null] as const)])
    onChange(found)
  }

  function remove(orderId: string): void {
    if (found.has(orderId)) found = new Map(Array.from(found).filter(([id]) => id !== orderId))
  }

  return {
    follow(orderId) {
      watchers.set(orderId, (watchers.get(orderId) ?? 0) + 1)
      readMissing()
      let isWatching = true
      return () => {
        if (!isWatching) return
        isWatching = false
        const others = watchers.get(orderId)! - 1
        if (others > 0) watchers.set(orderId, others)
        else watchers.delete(orderId)
      }
    },
    readMissing,
    orders: () => found,
    delete: remove,
    clear() {
      found = new Map()
      requested = new Set()
    },
  }
}
