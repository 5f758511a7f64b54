import type { Client, ClientError, OrderView } from '@paxyo/browser-client'

/** How many orders are read for rows that a snapshot does not have. Further rows are updated when they change. */
export const REFRESHED_ORDERS_MAX = 1_000
const IDS_PER_REQUEST = 100

/** Reads the orders of rows that the client has not received: older ones than the snapshot's. */
export interface Refresh {
  /** After a snapshot: every order that it does not have may have changed. */
  restart(orderIds: readonly string[]): void
  /** A row of an order that is not known was added. */
  add(orderId: string): void
}

export interface RefreshOptions {
  readonly client: Client
  readonly onOrders: (orders: readonly OrderView[]) => void
  readonly onError: (error: ClientError) => void
}

/** One request at a time; each order once after a snapshot. */
export function createRefresh({ client, onOrders, onError }: RefreshOptions): Refresh {
  const asked = new Set<string>()
  let wanted: string[] = []
  let isRunning = false

  function add(orderId: string): void {
    if (asked.has(orderId) || asked.size >= REFRESHED_ORDERS_MAX) return
    asked.add(orderId)
    wanted.push(orderId)
    if (isRunning) return
    isRunning = true
    // Rows that are added in one task are read with one request.
    queueMicrotask(() => void run())
  }

  async function run(): Promise<void> {
    try {
      while (wanted.length > 0) onOrders(await client.orders(wanted.splice(0, IDS_PER_REQUEST)))
    } catch (error) {
      wanted = []
      onError(error as ClientError)
    } finally {
      isRunning = false
    }
  }

  return {
    add,
    restart(orderIds) {
      asked.clear()
      wanted = []
      for (const orderId of orderIds) add(orderId)
    },
  }
}
