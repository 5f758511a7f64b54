import type { OrderStatus } from '@paxyo/contracts'
import type { Money } from './money.ts'

/** What deciding about an order needs to know of it. */
export interface OrderState {
  readonly status: OrderStatus
  /** What was ordered from the provider; at least 1. */
  readonly quantity: number
  /** What the panel's user paid; frozen at registration. */
  readonly charge: Money
  readonly remains: number | null
  readonly startCount: number | null
  /** What has been paid back so far; never more than the charge. */
  readonly refunded: Money
}
