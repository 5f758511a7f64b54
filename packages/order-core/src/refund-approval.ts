import { decide } from './decide.ts'
import { parseMoney, type Money } from './money.ts'
import type { OrderState } from './order-state.ts'
import type { ReviewReason } from './review-reason.ts'
import type { StatusUpdate } from './status-update.ts'

/** The reason of reviews of refunds that wait. */
export const NEEDS_APPROVAL = 'refund_needs_approval' satisfies ReviewReason

/** Which refunds wait until a person approves them. */
export interface RefundApproval {
  /** Every refund waits. */
  readonly isAlways: boolean
  /** By currency: the amount up to which the refunds of one order are paid at once. Other currencies have no limit. */
  readonly limits: ReadonlyMap<string, Money>
}

/**
 * Whether a person must approve a refund after which an order's refunds would be `refunded` in all.
 *
 * @example
 * const approval = { isAlways: false, limits: new Map([['USD', parseMoney('50')]]) }
 * needsApproval(approval, 'USD', parseMoney('50')) //=> false
 * needsApproval(approval, 'USD', parseMoney('50.01')) //=> true
 */
export function needsApproval({ isAlways, limits }: RefundApproval, currency: string, refunded: Money): boolean {
  const limit = limits.get(currency)
  return isAlways || (limit !== undefined && refunded > limit)
}

/**
 * The order after these updates, in their order, without the approval of a person. An update that changes nothing, or that
 * needs a review itself, is skipped. None of them is paid yet, so the remains of a later partial update replace those of an
 * earlier one, whether they are larger or smaller.
 *
 * @example
 * const order = { status: 'pending', quantity: 1000, runs: 1, charge: 250_000_000n, remains: null, startCount: null, refunded: 0n } as const
 * const partial = { providerOrderId: '12345', status: 'partial', remains: 300, startCount: null } as const
 * formatMoney(afterUpdates(order, [partial, { ...partial, status: 'canceled' }]).refunded) //=> '2.5'
 */
export function afterUpdates(order: OrderState, updates: readonly StatusUpdate[]): OrderState {
  let state = order
  for (const update of updates) {
    const decision = decide({ ...state, refunded: order.refunded }, update)
    if ('order' in decision) state = decision.order
  }
  return state
}

const CURRENCY = /^[A-Z][A-Z0-9]{2,7}$/
const AMOUNT = /^\d{1,12}(?:\.\d{1,8})?$/

/**
 * Reads limits such as `USD:50,EUR:40`. @returns all problems when it has any.
 *
 * @example
 * parseRefundLimits('USD:50') //=> new Map([['USD', 5_000_000_000n]])
 */
export function parseRefundLimits(text: string): RefundApproval['limits'] | { readonly problems: readonly string[] } {
  const limits = new Map<string, Money>()
  const problems: string[] = []
  for (const item of text.split(',').map((part) => part.trim())) {
    const [currency = '', amount = '', ...more] = item.split(':').map((part) => part.trim())
    if (!CURRENCY.test(currency) || !AMOUNT.test(amount) || more.length > 0) {
      problems.push(`"${item}" must be a currency and an amount, such as USD:50`)
    } else if (limits.has(currency)) problems.push(`${currency} occurs twice`)
    else limits.set(currency, parseMoney(amount))
  }
  return problems.length > 0 ? { problems } : limits
}
