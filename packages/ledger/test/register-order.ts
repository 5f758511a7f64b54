import { isRejectedByDatabase, isRetryable } from '@paxyo/database'
import type { Delivery } from '../src/model/delivery.ts'
import { newId } from '../src/model/new-id.ts'
import { registerOrders, type Registered } from '../src/orders/register-orders.ts'
import type { Registration } from '../src/orders/registration.ts'
import { commitChangeSet, type LedgerDeps } from '../src/transaction/commit-change-set.ts'

export function anOrder(): Registration {
  return {
    orderId: 'A-1',
    provider: 'godofpanel',
    providerOrderId: '12345',
    userId: 'user-1',
    service: 'Instagram followers',
    link: 'https://instagram.com/somebody',
    quantity: 1000,
    charge: 250_000_000n,
    currency: 'USD',
    payment: 'external',
  }
}

/** The provider cancels the order of `anOrder`. */
export const aCancellation = (): Delivery => ({
  deliveryId: newId(),
  provider: 'godofpanel',
  update: { providerOrderId: anOrder().providerOrderId!, status: 'canceled', remains: null, startCount: null },
  body: '{}',
  receivedAt: new Date(),
})

/** Registers an order, again when it lost against another transaction. @throws Error when it is rejected. */
export async function registerOrder(deps: LedgerDeps, registration: Registration): Promise<Registered> {
  for (;;) {
    try {
      const [result] = await commitChangeSet(deps, (tx) => registerOrders(tx, [registration]))
      if (typeof result !== 'object') throw new Error(`the order was rejected: ${result}`)
      return result
    } catch (error) {
      if (!isRejectedByDatabase(error) && !isRetryable(error)) throw error
    }
  }
}
