import type { OrderStatus } from '@paxyo/contracts'
import type { Money } from './money.ts'

/** The part of an order that decisions depend on. */
export interface OrderState {
  readonly status: OrderStatus
  /** The ordered quantity, of each run; at least 1. */
  readonly quantity: number
  /** How often the quantity is delivered: 1, and more for a drip-feed order. */
  readonly runs: number
  /** The amount that the panel's user paid; fixed at registration. */
  readonly charge: Money
  readonly remains: number | null
  readonly startCount: number | null
  /** The total refunded so far; never more than the charge. */
  readonly refunded: Money
}
