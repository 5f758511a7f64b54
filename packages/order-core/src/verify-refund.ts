import { decide, type Decision } from './decide.ts'
import type { OrderState } from './order-state.ts'
import type { StatusUpdate } from './status-update.ts'

/** A decision that changes the order. */
export type ChangingDecision = Extract<Decision, { order: OrderState }>

/** Whether money would be paid. */
export function movesMoney(decision: ChangingDecision): boolean {
  return decision.refund > 0n
}

/**
 * Whether the provider, asked about an order, says what justifies a decision: its own answer would have paid at least
 * as much in all. It may say more, because an order may have moved on from partial to canceled in the meantime.
 */
export function isVerified(order: OrderState, decision: ChangingDecision, answer: StatusUpdate): boolean {
  const own = decide(order, answer)
  return 'order' in own && own.order.refunded >= decision.order.refunded
}
