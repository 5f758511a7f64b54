/**
 * An immutable state of a user's orders, for frameworks: every change makes a new one.
 *
 * It guarantees that a state is as of one position: an order's refund and the balance change together. It connects when it
 * has its first subscriber, and closes the connection a moment after the last one has left, so that a page which is
 * rendered on a server opens none, and a component that is mounted again keeps the one it had.
 *
 * Orders that are not in the snapshot, such as that of a page about one order, are read by their ids while a component
 * watches them, and again after each snapshot.
 */
import type { Client, ClientEventOf, ConnectionStatus, ConnectOptions, OrderView, RefundEvent } from '../api.ts'
import { connect } from '../client.ts'
import { isolated, Listeners } from '../listeners.ts'
import { createOrderList } from './order-list.ts'
import { INITIAL_STATE, type OrderState, type RenderedState } from './order-state.ts'
import { createWatchedOrders } from './watched-orders.ts'

export type OrderStoreOptions = (ConnectOptions | { readonly client: Client }) & {
  /** What the page's server has rendered. Without a `position`, a snapshot replaces it. */
  readonly initial?: RenderedState | undefined
}

export interface OrderStore {
  /** The current state: the same object until something changes. */
  readonly getState: () => OrderState
  /** The state before anything was received, as the page's server renders it. */
  readonly getInitialState: () => OrderState
  /** @returns a function that ends the subscription. */
  readonly subscribe: (listener: () => void) => () => void
  /** Calls a listener for each refund, and does not connect. @returns a function that removes it. */
  readonly onRefund: (listener: (refund: RefundEvent) => void) => () => void
  /** Adds the next older orders to the state. @throws ClientError like `client.page`. */
  readonly loadOlder: (limit?: number) => Promise<void>
  /** Reads an order that may not be in the list into `watched`, until the returned function is called. */
  readonly watchOrder: (orderId: string) => () => void
}

/** How long a store stays connected without a subscriber. */
const LINGER_MS = 1_000
const REFUNDS_MAX = 100

/**
 * Creates a store. With a `client`, it follows that one from now on, and never closes it.
 *
 * @example
 * const store = createOrderStore({ url: 'wss://rt.example.com/ws', getToken: async () => (await fetch('/token')).text() })
 * const unsubscribe = store.subscribe(() => log.info(store.getState().orders.length))
 * unsubscribe()
 * store.getState().isLoaded //=> false
 */
export function createOrderStore({ initial, ...source }: OrderStoreOptions): OrderStore {
  const initialState: OrderState = { ...INITIAL_STATE, ...initial, isLoaded: initial?.position !== undefined }
  const list = createOrderList(initialState.orders)
  const listeners = new Set<{ readonly listener: () => void }>()
  const refundListeners = new Listeners()
  let state = initialState
  let client: Client | undefined
  let position = initial?.position
  let closing: ReturnType<typeof setTimeout> | undefined
  let loading: Promise<void> | undefined
  /** Grows with each snapshot: what was requested before it is out of date. */
  let generation = 0

  function update(change: Partial<OrderState>): void {
    state = { ...state, ...change }
    for (const entry of Array.from(listeners)) isolated(entry.listener)
  }

  const watched = createWatchedOrders({
    read: () => (state.isLoaded ? client : undefined),
    isListed: (orderId) => list.has(orderId),
    onChange: (orders) => update({ watched: orders }),
  })

  function follow(followed: Client): void {
    client = followed
    followed.on('status', ({ status }) => update({ connection: status }))
    followed.on('snapshot', onSnapshot)
    followed.on('order', onOrder)
    followed.on('account', ({ account, totals }) => {
      // `order` has brought the same account.
      if (account !== state.account) update({ account, totals: totals ?? state.totals })
    })
    watched.readMissing()
  }

  function onSnapshot({ account, orders, totals, older }: ClientEventOf<'snapshot'>): void {
    generation += 1
    loading = undefined
    list.replace(orders)
    watched.clear()
    update({ isLoaded: true, account, totals, older, orders: list.orders(), watched: watched.orders() })
    watched.readMissing()
  }

  function onOrder({ order, refund, seq, at, account, totals }: ClientEventOf<'order'>): void {
    list.set([order])
    watched.delete(order.orderId)
    const news: RefundEvent | undefined = refund && { type: 'refund', refund, order, seq, at }
    update({
      orders: list.orders(),
      watched: watched.orders(),
      account,
      totals: totals ?? state.totals,
      ...(news === undefined ? {} : { refunds: [news, ...state.refunds].slice(0, REFUNDS_MAX) }),
    })
    if (news !== undefined) refundListeners.emit(news)
  }

  function open(): void {
    clearTimeout(closing)
    closing = undefined
    if (client === undefined && 'url' in source) follow(connect({ ...source, ...(position && { position }) }))
  }

  function close(): void {
    position = client?.position ?? position
    client?.close()
    client = undefined
    const connection: ConnectionStatus = { state: 'connecting', sinceMs: Date.now() }
    state = { ...state, connection }
  }

  async function readOlder(limit: number | undefined): Promise<void> {
    const started = generation
    const found = await client!.page({ before: state.older, limit })
    if (started !== generation) return
    list.set(found.orders)
    update({ orders: list.orders(), older: found.older })
  }

  if ('client' in source) {
    follow(source.client)
    state = { ...state, connection: source.client.status }
  }

  return {
    getState: () => state,
    getInitialState: () => initialState,
    subscribe(listener) {
      const entry = { listener }
      listeners.add(entry)
      open()
      return () => {
        if ('client' in source) return void listeners.delete(entry)
        if (!listeners.delete(entry) || listeners.size > 0) return
        closing = setTimeout(close, LINGER_MS)
      }
    },
    onRefund: (listener) => refundListeners.on('refund', listener),
    loadOlder(limit) {
      if (client === undefined || state.older === undefined) return Promise.resolve()
      const mine = (loading ??= readOlder(limit).finally(() => {
        if (loading === mine) loading = undefined
      }))
      return mine
    },
    watchOrder: (orderId) => watched.follow(orderId),
  }
}

/**
 * An order of a state: of its list, or one that is watched. Null when the user has no such order.
 *
 * @example
 * const client = createTestClient({ orders: [{ orderId: 'A-1' }] })
 * const store = createOrderStore({ client })
 * client.change('A-1', { status: 'completed' })
 * findOrder(store.getState(), 'A-1')?.status //=> 'completed'
 */
export function findOrder({ orders, watched }: OrderState, orderId: string): OrderView | null | undefined {
  return orders.find((order) => order.orderId === orderId) ?? watched.get(orderId)
}
