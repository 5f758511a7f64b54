import type { OrderStatus } from '@paxyo/contracts'
import type { Money } from '@paxyo/order-core'
import type { NeededRows } from './locked-rows.ts'
import type { WriteTransaction } from './account-writes.ts'
import type { Order } from '../model/working-set.ts'
import { applyDecision, type DecidedOrder, type DecisionRejection } from '../reviews/apply-decision.ts'
import { isWithinLimit, recordOperatorRefund, type LimitRejection } from '../transaction/refund-limit.ts'

/** An action of a person on an order. */
export interface OrderAction {
  /** `cancel` refunds the rest of the charge. */
  readonly action: 'refund' | 'cancel' | 'set_status'
  /** The amount to refund in addition to earlier refunds, when the action is `refund`. */
  readonly amount: Money | undefined
  /** The new status, when the action is `set_status`. */
  readonly status: OrderStatus | undefined
  readonly note: string
  /** The person; the name of the API key when undefined. */
  readonly actor: string | undefined
  readonly keyId: string
  /** The operator whose refund limit applies; undefined when none does. */
  readonly operatorId?: string | undefined
}

export interface DoneAction extends DecidedOrder {
  readonly actionId: string
  readonly at: Date
  readonly actor: string
  readonly status: OrderStatus | undefined
  /** The order before the action. */
  readonly before: Pick<Order, 'status' | 'refunded'>
}

/**
 * The rows that {@link actOnOrder} needs.
 *
 * @example
 * const action = { action: 'cancel', amount: undefined, status: undefined, note: 'lost', actor: 'Ann', keyId: 'a-key' } as const
 * actionNeeds('A-1', action) //=> { orderId: 'A-1', keyId: 'a-key', operatorId: undefined }
 */
export const actionNeeds = (orderId: string, { action, keyId, operatorId }: OrderAction): NeededRows => ({
  orderId,
  keyId,
  // A status pays nothing.
  operatorId: action === 'set_status' ? undefined : operatorId,
})

/**
 * Applies a person's action to an order, with an event for its user, and records it in the order's history.
 *
 * @returns the order after the action; or why it was rejected, in which case nothing is recorded.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const action = { action: 'cancel', amount: undefined, status: undefined, note: 'lost', actor: 'Ann', keyId: 'a-key' } as const
 * const response = await createAccountWrites({ ...ledger, log }).commit(undefined, {
 *   needs: actionNeeds('A-1', action),
 *   decide(tx) {
 *     const done = actOnOrder(tx, 'A-1', action)
 *     return typeof done === 'string' ? done : { status: 200, body: { balance: formatMoney(done.account.balance) } }
 *   },
 * })
 * typeof response === 'object' && response.json //=> '{"balance":"2.5"}'
 */
export function actOnOrder(
  tx: WriteTransaction,
  orderId: string,
  action: OrderAction,
): DoneAction | DecisionRejection | LimitRejection | 'order_not_found' {
  const { rows, changes, newId } = tx
  const { at, refundsLeft } = rows
  const order = rows.order(orderId)
  const account = order && rows.account(order.userId)
  if (order === undefined || account === undefined) return 'order_not_found'
  const isCancel = action.action === 'cancel'
  const status = isCancel ? 'canceled' : action.status
  const amount = isCancel ? order.charge - order.refunded : (action.amount ?? 0n)
  const { note, keyId, operatorId } = action

  if (!isWithinLimit(refundsLeft, operatorId, amount)) return 'refund_limit_exceeded'
  const decided = applyDecision(tx, { at, order, account }, { refund: amount, status })
  if (typeof decided === 'string') return decided
  const actionId = newId()
  const actor = action.actor ?? rows.keyNames.get(keyId) ?? keyId
  const refundId = decided.refund?.refundId
  changes.actions.push({
    actionId,
    orderId,
    action: action.action,
    status: status ?? null,
    refundId: refundId ?? null,
    note,
    actor,
    keyId,
  })
  recordOperatorRefund(changes, refundsLeft, { operatorId, refundId, amount, at })
  const before = { status: order.status, refunded: order.refunded }
  return { ...decided, actionId, at, actor, status, before }
}
