/**
 * Svelte stores, for Svelte 4 and newer. They connect when a component subscribes, never on a server, and close the
 * connection a moment after the last one has unsubscribed.
 */
import type { AccountView, ConnectionStatus, OrderView, RefundEvent } from '../api.ts'
import { createOrderStore, findOrder, type OrderStore, type OrderStoreOptions } from '../store/order-store.ts'
import { keptAccount, type OrderState } from '../store/order-state.ts'

/** Svelte's contract for a store: `$store` in a component is its value. */
export interface Readable<Value> {
  subscribe(run: (value: Value) => void): () => void
}

export interface PaxyoStores {
  /** Newest first. */
  readonly orders: Readable<readonly OrderView[]>
  /** Whether the orders are not known yet. */
  readonly isLoading: Readable<boolean>
  readonly hasOlder: Readable<boolean>
  /** Reads the next older orders. @throws ClientError like `client.page`. */
  readonly loadOlder: (limit?: number) => Promise<void>
  /**
   * One order, which is read from the server when it is not among the recent ones. Undefined while it is loading, null when
   * the user has no such order.
   */
  readonly order: (orderId: string) => Readable<OrderView | null | undefined>
  /** Undefined until it is known, and while the panel keeps the balance. */
  readonly balance: Readable<AccountView | undefined>
  /** Refunds that have arrived since the page was opened, newest first, at most 100. */
  readonly refunds: Readable<readonly RefundEvent[]>
  /** Calls a listener for each refund. @returns a function that removes it. */
  readonly onRefund: OrderStore['onRefund']
  readonly connection: Readable<ConnectionStatus>
}

/**
 * Creates the stores of a user.
 *
 * @param options those of `createOrderStore`, or a store, such as one with a test client.
 * @example
 * const paxyo = createPaxyo({ url: 'wss://rt.example.com/ws', getToken: async () => (await fetch('/token')).text() })
 * const states: string[] = []
 * const unsubscribe = paxyo.connection.subscribe(({ state }) => states.push(state))
 * states //=> ['connecting']
 * unsubscribe()
 */
export function createPaxyo(options: OrderStoreOptions | { readonly store: OrderStore }): PaxyoStores {
  const store = 'store' in options ? options.store : createOrderStore(options)
  return {
    orders: readable(store, (state) => state.orders),
    isLoading: readable(store, (state) => !state.isLoaded),
    hasOlder: readable(store, (state) => state.older !== undefined),
    loadOlder: store.loadOlder,
    order: (orderId) => {
      const order = readable(store, (state) => findOrder(state, orderId))
      return {
        subscribe(run) {
          const unsubscribe = order.subscribe(run)
          const unwatch = isServer() ? undefined : store.watchOrder(orderId)
          return () => {
            unwatch?.()
            unsubscribe()
          }
        },
      }
    },
    balance: readable(store, keptAccount),
    refunds: readable(store, (state) => state.refunds),
    onRefund: store.onRefund,
    connection: readable(store, (state) => state.connection),
  }
}

/** While a server renders a page, a component subscribes and unsubscribes at once: that must not connect. */
const isServer = (): boolean => typeof document === 'undefined'

function readable<Value>(store: OrderStore, select: (state: OrderState) => Value): Readable<Value> {
  return {
    subscribe(run) {
      let value = select(store.getState())
      run(value)
      if (isServer()) return () => undefined
      return store.subscribe(() => {
        const next = select(store.getState())
        if (next === value) return
        value = next
        run(value)
      })
    },
  }
}
