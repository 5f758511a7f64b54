/**
 * A client for an application's tests: no server, no connection, and the same events in the same order.
 */
import { addMoney } from '../format/money.ts'
import type { AccountView, Client, ConnectionStatus, OrderView } from '../api.ts'
import { ClientError } from '../client-error.ts'
import { Listeners } from '../listeners.ts'

export interface TestClientOptions {
  readonly account?: AccountView
  /** The orders of the snapshot; what is missing of an order is filled in. */
  readonly orders?: readonly TestOrder[]
  /** Orders that only `page` and `orders` return. */
  readonly olderOrders?: readonly TestOrder[]
}

export type TestOrder = Partial<OrderView> & { readonly orderId: string }

export interface TestClient extends Client {
  /** Emits a new order. */
  register(order: TestOrder): OrderView
  /** Emits a change of an order; a refund increases the balance and the order's `refunded`. */
  change(orderId: string, change: Partial<OrderView>, options?: { readonly refund?: string }): OrderView
  /** Emits a change of the balance. */
  setBalance(balance: string): void
  /** Emits a connection status, such as `reconnecting`. */
  setStatus(state: ConnectionStatus['state'], error?: ClientError): void
  /** Emits a snapshot, as after a long time without a connection. */
  snapshot(): void
}

const EPOCH = 'test'
const PAGE_ORDERS = 50
const FIRST_ORDER_MS = Date.UTC(2026, 0, 1)

/**
 * Creates a client that becomes live and emits a snapshot after the current task, as a real one does.
 *
 * @example
 * const client = createTestClient({ orders: [{ orderId: 'A-1', status: 'in_progress' }] })
 * const store = createOrderStore({ client })
 * client.change('A-1', { status: 'canceled' }, { refund: '2.5' })
 * store.getState().account?.balance //=> '2.5'
 */
export function createTestClient(options: TestClientOptions = {}): TestClient {
  const listeners = new Listeners()
  let account: AccountView = options.account ?? { balance: '0', currency: 'USD', mode: 'kept' }
  let status: ConnectionStatus = { state: 'connecting', sinceMs: Date.now() }
  let seq = 0
  let count = 0
  let hasBegun = false

  const fill = (order: TestOrder): OrderView => {
    count += 1
    const at = new Date(FIRST_ORDER_MS + count * 1_000).toISOString()
    return { ...A_TEST_ORDER, currency: account.currency, createdAt: at, updatedAt: at, ...order }
  }
  const older = new Map((options.olderOrders ?? []).map((order) => [order.orderId, fill(order)]))
  const recent = new Map((options.orders ?? []).map((order) => [order.orderId, fill(order)]))

  function assertOpen(): void {
    if (status.state === 'closed') throw new ClientError('closed', 'the client was closed', { final: true })
  }

  function setStatus(state: ConnectionStatus['state'], error?: ClientError): void {
    if (status.state === 'closed') return
    status = { state, sinceMs: Date.now(), error }
    listeners.emit({ type: 'status', status })
    if (state === 'closed') listeners.end(error)
  }

  function snapshot(): void {
    assertOpen()
    hasBegun = true
    listeners.emit({
      type: 'snapshot',
      account,
      orders: newestFirst(recent),
      totals: undefined,
      older: older.size > 0 ? '0' : undefined,
      position: { epoch: EPOCH, seq },
    })
  }

  function begin(): void {
    if (hasBegun || status.state === 'closed') return
    snapshot()
    setStatus('live')
  }

  function emitOrder(event: 'order.registered' | 'order.updated', order: OrderView, refunded?: string): OrderView {
    assertOpen()
    begin()
    older.delete(order.orderId)
    recent.set(order.orderId, order)
    seq += 1
    const at = order.updatedAt
    const refund =
      refunded === undefined ? undefined : { refundId: `R-${seq}`, amount: refunded, currency: order.currency }
    if (refunded !== undefined) account = { ...account, balance: addMoney([account.balance, refunded]) }
    listeners.emit({ type: 'order', event, order, seq, at, refund, account })
    if (refund !== undefined) listeners.emit({ type: 'refund', refund, order, seq, at })
    listeners.emit({ type: 'account', account, seq })
    return order
  }

  queueMicrotask(begin)

  return {
    register: (order) => emitOrder('order.registered', fill(order)),
    change(orderId, change, { refund } = {}) {
      const before = recent.get(orderId) ?? older.get(orderId)
      if (before === undefined) throw new Error(`There is no order ${orderId}.`)
      const refunded = refund === undefined ? before.refunded : addMoney([before.refunded, refund])
      const updatedAt = new Date().toISOString()
      return emitOrder('order.updated', { ...before, refunded, updatedAt, ...change }, refund)
    },
    setBalance(balance) {
      assertOpen()
      begin()
      seq += 1
      account = { ...account, balance }
      listeners.emit({ type: 'account', account, seq })
    },
    setStatus,
    snapshot,
    on: (type, listener, { signal } = {}) => listeners.on(type, listener, signal),
    get status() {
      return status
    },
    get position() {
      return hasBegun ? { epoch: EPOCH, seq } : undefined
    },
    async page({ before, limit = PAGE_ORDERS } = {}) {
      assertOpen()
      const all = newestFirst(before === undefined ? new Map([...Array.from(older), ...Array.from(recent)]) : older)
      const start = Number(before ?? 0)
      const end = start + limit
      return { orders: all.slice(start, end), older: end < all.length ? `${end}` : undefined }
    },
    async orders(ids) {
      assertOpen()
      return Array.from(new Set(ids)).flatMap((id) => recent.get(id) ?? older.get(id) ?? [])
    },
    close: () => setStatus('closed'),
    [Symbol.asyncIterator]: () => listeners.iterate(),
  }
}

const A_TEST_ORDER = {
  providerOrderId: '1',
  service: 'Followers',
  link: 'https://example.com/somebody',
  quantity: 1000,
  charge: '2.5',
  status: 'pending',
  remains: null,
  startCount: null,
  refunded: '0',
} as const

/** They were created in this order. */
function newestFirst(orders: ReadonlyMap<string, OrderView>): OrderView[] {
  const sorted = Array.from(orders.values())
  sorted.reverse()
  return sorted
}
