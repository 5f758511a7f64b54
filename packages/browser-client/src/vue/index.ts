/**
 * Vue composables, for Vue 3.3 and newer. They connect when a component is mounted, never on a server, and close the
 * connection a moment after the last component was unmounted.
 */
import { computed, inject, onMounted, onScopeDispose, shallowRef, toValue, watch } from 'vue'
import type { App, ComputedRef, InjectionKey, MaybeRefOrGetter, ShallowRef } from 'vue'
import type { AccountView, ConnectionStatus, OrderView, RefundEvent } from '../api.ts'
import { createOrderStore, findOrder, type OrderStore, type OrderStoreOptions } from '../store/order-store.ts'
import { keptAccount, type OrderState } from '../store/order-state.ts'

/** For `provide`, when a part of an application has another store. */
export const PAXYO_STORE: InjectionKey<OrderStore> = Symbol('paxyo store')

/**
 * A plugin that provides a store.
 *
 * @param options those of `createOrderStore`, or a store, such as one with a test client.
 * @example
 * const paxyo = createPaxyo({ url: 'wss://rt.example.com/ws', getToken: async () => (await fetch('/token')).text() })
 * createApp(Root).use(paxyo)
 */
export function createPaxyo(options: OrderStoreOptions | { readonly store: OrderStore }): {
  install: (app: App) => void
} {
  const store = 'store' in options ? options.store : createOrderStore(options)
  return { install: (app) => void app.provide(PAXYO_STORE, store) }
}

export interface OrdersResult {
  /** Newest first. */
  readonly orders: ComputedRef<readonly OrderView[]>
  /** Whether the orders are not known yet. */
  readonly isLoading: ComputedRef<boolean>
  readonly hasOlder: ComputedRef<boolean>
  /** Reads the next older orders. @throws ClientError like `client.page`. */
  readonly loadOlder: (limit?: number) => Promise<void>
}

/** The user's orders. */
export function useOrders(): OrdersResult {
  const { store, state } = useState()
  return {
    orders: computed(() => state.value.orders),
    isLoading: computed(() => !state.value.isLoaded),
    hasOlder: computed(() => state.value.older !== undefined),
    loadOlder: store.loadOlder,
  }
}

export interface OrderResult {
  /** Undefined while it is loading, and when the user has no such order. */
  readonly order: ComputedRef<OrderView | undefined>
  readonly isLoading: ComputedRef<boolean>
}

/** One order, which is read from the server when it is not among the recent ones. */
export function useOrder(orderId: MaybeRefOrGetter<string>): OrderResult {
  const { store, state } = useState()
  const found = computed(() => findOrder(state.value, toValue(orderId)))
  onMounted(() => {
    watch(
      () => toValue(orderId),
      (id, _before, onCleanup) => onCleanup(store.watchOrder(id)),
      { immediate: true },
    )
  })
  return { order: computed(() => found.value ?? undefined), isLoading: computed(() => found.value === undefined) }
}

/** The user's balance, if it is kept here and not by the panel; undefined until it is known. */
export function useBalance(): ComputedRef<AccountView | undefined> {
  const { state } = useState()
  return computed(() => keptAccount(state.value))
}

/**
 * Refunds that have arrived since the page was opened, newest first, at most 100.
 *
 * @param onRefund called for each refund, for example to show a notification.
 */
export function useRefunds(onRefund?: (refund: RefundEvent) => void): ComputedRef<readonly RefundEvent[]> {
  const { store, state } = useState()
  if (onRefund !== undefined) onScopeDispose(store.onRefund(onRefund))
  return computed(() => state.value.refunds)
}

export function useConnection(): ComputedRef<ConnectionStatus> {
  const { state } = useState()
  return computed(() => state.value.connection)
}

/** The provided store, for what the other composables do not do. */
export function useStore(): OrderStore {
  const store = inject(PAXYO_STORE)
  if (store === undefined) throw new Error('No store is provided: use the plugin of createPaxyo.')
  return store
}

function useState(): { readonly store: OrderStore; readonly state: ShallowRef<OrderState> } {
  const store = useStore()
  const state = shallowRef(store.getInitialState())
  let unsubscribe = (): void => undefined
  onMounted(() => {
    const show = (): void => void (state.value = store.getState())
    unsubscribe = store.subscribe(show)
    show()
  })
  onScopeDispose(() => unsubscribe())
  return { store, state }
}
