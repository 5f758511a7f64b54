import { decide, type Decision } from './decide.ts'
import type { OrderState } from './order-state.ts'
import type { StatusUpdate } from './status-update.ts'

/** A decision that changes the order. */
export type ChangingDecision = Extract<Decision, { order: OrderState }>

/**
 * Whether a decision pays a refund.
 *
 * @example
 * const order = { status: 'pending', quantity: 1000, runs: 1, charge: 250_000_000n, remains: null, startCount: null, refunded: 0n } as const
 * const partial = { providerOrderId: '12345', status: 'partial', remains: 300, startCount: null } as const
 * const decision = decide(order, partial)
 * 'order' in decision && movesMoney(decision) //=> true
 */
export function movesMoney(decision: ChangingDecision): boolean {
  return decision.refund > 0n
}

/**
 * Whether the provider's response about an order justifies a decision: the response would have paid at least as much in
 * total. It may pay more, because the order may have changed from partial to canceled in the meantime.
 *
 * @example
 * const order = { status: 'pending', quantity: 1000, runs: 1, charge: 250_000_000n, remains: null, startCount: null, refunded: 0n } as const
 * const partial = { providerOrderId: '12345', status: 'partial', remains: 300, startCount: null } as const
 * const decision = decide(order, partial)
 * 'order' in decision && isVerified(order, decision, partial) //=> true
 * 'order' in decision && isVerified(order, decision, { ...partial, remains: 299 }) //=> false
 */
export function isVerified(order: OrderState, decision: ChangingDecision, response: StatusUpdate): boolean {
  const own = decide(order, response)
  return 'order' in own && own.order.refunded >= decision.order.refunded
}
