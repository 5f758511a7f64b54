import type { Money } from '@paxyo/order-core'
import { providerOrderKey, type ProviderOrder } from '../model/provider-order.ts'
import type { Order } from '../model/working-set.ts'

/** The details that registering or importing an order freezes. */
export interface OrderDetails extends ProviderOrder {
  /** The panel's own id. */
  readonly orderId: string
  readonly userId: string
  readonly service: string
  readonly link: string
  readonly quantity: number
  /** What the user paid; refunds are parts of it. */
  readonly charge: Money
  /** Its account's. */
  readonly currency: string
}

/** An order that the panel has passed on to a provider. */
export interface Registration extends OrderDetails {
  /** `external`: the panel has taken the charge. `account`: it is taken from the account now. */
  readonly payment: 'external' | 'account'
}

/** An order that nothing has happened to. */
export function newOrder(details: OrderDetails, at: Date): Order {
  const { orderId, provider, providerOrderId, userId, service, link, quantity, charge } = details
  return {
    orderId,
    provider,
    providerOrderId,
    userId,
    service,
    link,
    quantity,
    charge,
    status: 'pending',
    remains: null,
    startCount: null,
    refunded: 0n,
    updatedAt: at,
  }
}

/** Whether an order has these details, whatever has become of it since. Its currency is its account's. */
export function isSameOrder(order: Order, details: OrderDetails): boolean {
  const same = ['userId', 'service', 'link', 'quantity', 'charge'] as const
  return providerOrderKey(order) === providerOrderKey(details) && same.every((name) => order[name] === details[name])
}
