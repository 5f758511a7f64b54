import { parseMoney } from '@paxyo/order-core'
import type { Order } from '../model/working-set.ts'
import type { Registration } from '@paxyo/panel-client'

/** What is settled once and for all when an order is registered or imported. */
type Frozen = Omit<Registration, 'payment'>

/** An order that nothing has happened to. */
export function newOrder(registration: Frozen, at: Date): Order {
  const { orderId, providerOrderId, userId, service, link, quantity, charge } = registration
  return {
    orderId,
    providerOrderId,
    userId,
    service,
    link,
    quantity,
    charge: parseMoney(charge),
    status: 'pending',
    remains: null,
    startCount: null,
    refunded: 0n,
    updatedAt: at,
  }
}

/** Whether an order is what this says, whatever has become of it since. Its currency is its account's. */
export function isSameOrder(order: Order, registration: Frozen): boolean {
  const same = ['providerOrderId', 'userId', 'service', 'link', 'quantity'] as const
  return same.every((name) => order[name] === registration[name]) && order.charge === parseMoney(registration.charge)
}
