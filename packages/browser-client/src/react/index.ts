'use client'

/**
 * React bindings, for React 18 and newer.
 *
 * They hold for StrictMode, Suspense and server rendering: rendering has no effects, the connection is opened by the first
 * effect and closed a moment after the last clean-up, and a server renders the initial state.
 */
import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import type { ReactElement, ReactNode } from 'react'
import type { AccountView, ConnectionStatus, ConnectOptions, OrderView, RefundEvent } from '../api.ts'
import { createOrderStore, findOrder, type OrderStore } from '../store/order-store.ts'
import { keptAccount, type OrderState, type RenderedState } from '../store/order-state.ts'

export type PaxyoProviderProps = { readonly children?: ReactNode } & (
  | { readonly store: OrderStore }
  | (ConnectOptions & { readonly initial?: RenderedState | undefined })
)

const StoreContext = createContext<OrderStore | undefined>(undefined)

/**
 * Connects a user's page. Another `url` or `userId` mounts it again, so that no user sees the orders of another; other
 * options are read once, except for `getToken`, of which the latest is used.
 *
 * @param props the options of `connect` and `initial`; or a `store`, such as one with a test client.
 * @example
 * PaxyoProvider({ url: 'wss://rt.example.com/ws', getToken: async () => (await fetch('/token')).text() })
 */
export function PaxyoProvider(props: PaxyoProviderProps): ReactElement {
  if ('store' in props) return createElement(StoreContext.Provider, { value: props.store }, props.children)
  return createElement(ConnectedProvider, { ...props, key: `${props.userId ?? ''} ${String(props.url)}` })
}

type ConnectedProps = Exclude<PaxyoProviderProps, { store: OrderStore }>

function ConnectedProvider({ children, ...options }: ConnectedProps): ReactElement {
  const latest = useRef(options.getToken)
  useEffect(() => {
    latest.current = options.getToken
  })
  const [store] = useState(() =>
    createOrderStore(
      options.getToken === undefined ? options : { ...options, getToken: (request) => latest.current!(request) },
    ),
  )
  // Also while no component shows anything of it.
  useEffect(() => store.subscribe(() => undefined), [store])
  return createElement(StoreContext.Provider, { value: store }, children)
}

/** The user's orders. */
export interface OrdersResult {
  /** Newest first. */
  readonly orders: readonly OrderView[]
  /** Whether the orders are not known yet. */
  readonly isLoading: boolean
  readonly hasOlder: boolean
  /** Reads the next older orders. @throws ClientError like `client.page`. */
  readonly loadOlder: (limit?: number) => Promise<void>
}

/**
 * The user's recent orders, and older ones that were loaded.
 *
 * @example
 * const OrderCount = () => useOrders().orders.length
 */
export function useOrders(): OrdersResult {
  const store = useStore()
  const orders = useSelected(store, (state) => state.orders)
  const isLoading = useSelected(store, (state) => !state.isLoaded)
  const hasOlder = useSelected(store, (state) => state.older !== undefined)
  return useMemo(
    () => ({ orders, isLoading, hasOlder, loadOlder: store.loadOlder }),
    [orders, isLoading, hasOlder, store],
  )
}

export interface OrderResult {
  /** Undefined while it is loading, and when the user has no such order. */
  readonly order: OrderView | undefined
  readonly isLoading: boolean
}

/**
 * One order, which is read from the server when it is not among the recent ones.
 *
 * @example
 * const Status = ({ orderId }: { orderId: string }) => useOrder(orderId).order?.status
 */
export function useOrder(orderId: string): OrderResult {
  const store = useStore()
  useEffect(() => store.watchOrder(orderId), [store, orderId])
  const found = useSelected(store, (state) => findOrder(state, orderId))
  return useMemo(() => ({ order: found ?? undefined, isLoading: found === undefined }), [found])
}

/**
 * The user's balance, if it is kept here and not by the panel; undefined until it is known.
 *
 * @example
 * const Balance = () => useBalance()?.balance
 */
export function useBalance(): AccountView | undefined {
  return useSelected(useStore(), keptAccount)
}

/**
 * Refunds that have arrived since the page was opened, newest first, at most 100.
 *
 * @param onRefund called for each refund, for example to show a notification.
 * @example
 * const RefundCount = () => useRefunds(({ refund }) => console.log(refund.amount)).length
 */
export function useRefunds(onRefund?: (refund: RefundEvent) => void): readonly RefundEvent[] {
  const store = useStore()
  const latest = useRef(onRefund)
  useEffect(() => {
    latest.current = onRefund
  })
  useEffect(() => store.onRefund((refund) => latest.current?.(refund)), [store])
  return useSelected(store, (state) => state.refunds)
}

/**
 * The status of the connection.
 *
 * @example
 * const State = () => useConnection().state
 */
export function useConnection(): ConnectionStatus {
  return useSelected(useStore(), (state) => state.connection)
}

/**
 * The store of the provider, for what the other hooks do not do.
 *
 * @example
 * const Totals = () => useStore().getState().totals?.refunded
 */
export function useStore(): OrderStore {
  const store = useContext(StoreContext)
  if (store === undefined) throw new Error('There is no <PaxyoProvider> around this component.')
  return store
}

/** @param select returns the same value until it changes. */
function useSelected<Value>(store: OrderStore, select: (state: OrderState) => Value): Value {
  return useSyncExternalStore(
    store.subscribe,
    () => select(store.getState()),
    () => select(store.getInitialState()),
  )
}
