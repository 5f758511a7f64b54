import { CLOSE_CODES, PAGE_ORDERS_MAX, type ClientMessage, type ServerMessage } from '@paxyo/contracts'
import { parseOrderCursor } from '../read/order-json.ts'
import type { OrderReader, OrdersWanted } from '../read/user-orders.ts'
import type { Limits } from './limits.ts'

export type OrderRequest = Extract<ClientMessage, { type: 'page' | 'orders' }>

/** How a request of an open connection ended. */
export type OrderRequestOutcome = 'served' | 'rate_limited' | 'protocol_error' | 'unavailable'

export interface OrderRequestDeps {
  readonly reader: OrderReader
  readonly limits: Pick<Limits, 'orderRequestsPerSecond' | 'orderRequestsBurstMax'>
  readonly now: () => number
  readonly send: (message: ServerMessage) => void
  /** The connection can't continue: it is of another epoch than the database. */
  readonly fail: () => void
  readonly isOpen: () => boolean
  /** Whether the user's unread bytes leave room for a response. */
  readonly hasRoom: () => boolean
  /** A request has been responded to. */
  readonly responded: (type: OrderRequest['type'], outcome: OrderRequestOutcome, durationMs: number) => void
}

const PAGE_ORDERS = 50

/**
 * Responds to a connection's `page` and `orders`: one at a time, and only so many per second, so that a client that reads
 * all its history does not delay the others. A request too many is rejected with the time to wait; the connection stays.
 */
export class OrderRequests {
  readonly #deps: OrderRequestDeps
  #isReading = false
  #tokens: number
  #refilledAt: number

  constructor(deps: OrderRequestDeps) {
    this.#deps = deps
    this.#tokens = deps.limits.orderRequestsBurstMax
    this.#refilledAt = deps.now()
  }

  async handle(request: OrderRequest, user: { readonly userId: string; readonly epoch: string }): Promise<void> {
    const waitMs = this.#admit()
    if (waitMs > 0) return this.#reject(request, 'rate_limited', waitMs)
    const wanted = toWanted(request, user.userId)
    if (wanted === undefined) return this.#reject(request, 'protocol_error')
    this.#isReading = true
    const startedAt = this.#deps.now()
    try {
      const { epoch, seq, orders, older } = await this.#deps.reader.read(wanted, this.#deps.isOpen)
      if (epoch !== user.epoch) return this.#deps.fail()
      if (request.type === 'orders') this.#deps.send({ type: 'orders', seq, orders: [...orders] })
      else this.#deps.send({ type: 'page', seq, orders: [...orders], ...(older === undefined ? {} : { older }) })
      this.#deps.responded(request.type, 'served', this.#deps.now() - startedAt)
    } catch {
      // The database is unavailable; the stream goes on, and reads it again when it must.
      if (this.#deps.isOpen()) this.#reject(request, 'unavailable', 1_000)
    } finally {
      this.#isReading = false
    }
  }

  /** @returns the milliseconds until the client can retry; 0 when it is admitted. */
  #admit(): number {
    const { orderRequestsPerSecond: rate, orderRequestsBurstMax: max } = this.#deps.limits
    const now = this.#deps.now()
    this.#tokens = Math.min(max, this.#tokens + (Math.max(0, now - this.#refilledAt) * rate) / 1_000)
    this.#refilledAt = now
    const isFree = !this.#isReading && this.#tokens >= 1 && this.#deps.hasRoom()
    if (isFree) this.#tokens -= 1
    return isFree ? 0 : Math.ceil((1_000 * Math.max(1 - this.#tokens, 0.1)) / rate)
  }

  #reject({ type }: OrderRequest, code: Exclude<OrderRequestOutcome, 'served'>, retryAfterMs?: number): void {
    this.#deps.responded(type, code, 0)
    this.#deps.send({
      type: 'error',
      code,
      message: CLOSE_CODES[code].meaning,
      request: type,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
}

/** @returns undefined when the cursor is not one of ours. */
function toWanted(request: OrderRequest, userId: string): OrdersWanted | undefined {
  if (request.type === 'orders') return { userId, ids: request.ids }
  const { before, limit = PAGE_ORDERS } = request
  const after = before === undefined ? undefined : parseOrderCursor(before)
  if (before !== undefined && after === undefined) return undefined
  return { userId, after, limit: Math.min(limit, PAGE_ORDERS_MAX) }
}
