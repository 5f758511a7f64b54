import type { Money } from '@paxyo/order-core'
import { isSameProviderOrder, type MaybeProviderOrder } from '../model/provider-order.ts'
import type { Order } from '../model/working-set.ts'

/** The details of an order that registration or import fixes. */
export interface OrderDetails extends MaybeProviderOrder {
  /** The panel's own id. */
  readonly orderId: string
  readonly userId: string
  readonly service: string
  readonly link: string
  /** Of each run. */
  readonly quantity: number
  /** How often the quantity is delivered; 1 when undefined. */
  readonly runs?: number | undefined
  /** The minutes between two runs. */
  readonly intervalMinutes?: number | null | undefined
  /** The amount that the user paid; refunds are shares of it. */
  readonly charge: Money
  /** The account's currency. */
  readonly currency: string
}

/** An order that the panel has passed on to a provider, or will. */
export interface Registration extends OrderDetails {
  /** `external`: the panel has taken the charge. `account`: it is taken from the account now. */
  readonly payment: 'external' | 'account'
}

/** An order in its initial state. */
export function newOrder(details: OrderDetails, at: Date): Order {
  const { orderId, provider, providerOrderId, userId, service, link, quantity, charge } = details
  const { runs = 1, intervalMinutes = null } = details
  return {
    orderId,
    provider,
    providerOrderId,
    userId,
    service,
    link,
    quantity,
    runs,
    intervalMinutes,
    charge,
    status: 'pending',
    remains: null,
    startCount: null,
    refunded: 0n,
    createdAt: at,
    updatedAt: at,
  }
}

/**
 * Whether an order has these details, whatever its current state. The currency is a column of its account.
 *
 * @param registered the provider order with which it was registered: its registration may be repeated after a change.
 */
export function isSameOrder(order: Order, details: OrderDetails, registered: MaybeProviderOrder = order): boolean {
  const same = ['userId', 'service', 'link', 'quantity', 'charge'] as const
  return (
    (isSameProviderOrder(order, details) || isSameProviderOrder(registered, details)) &&
    same.every((name) => order[name] === details[name]) &&
    order.runs === (details.runs ?? 1) &&
    order.intervalMinutes === (details.intervalMinutes ?? null)
  )
}
