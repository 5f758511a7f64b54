import { decide, type Decision } from './decide.ts'
import type { OrderState } from './order-state.ts'
import type { StatusUpdate } from './status-update.ts'

/** A decision that changes the order. */
export type ChangingDecision = Extract<Decision, { order: OrderState }>

/** Whether a decision pays a refund. */
export function movesMoney(decision: ChangingDecision): boolean {
  return decision.refund > 0n
}

/**
 * Whether the provider's response about an order justifies a decision: the response would have paid at least as much in
 * total. It may pay more, because the order may have changed from partial to canceled in the meantime.
 */
export function isVerified(order: OrderState, decision: ChangingDecision, response: StatusUpdate): boolean {
  const own = decide(order, response)
  return 'order' in own && own.order.refunded >= decision.order.refunded
}
