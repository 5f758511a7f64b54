import type { Money } from './money.ts'

/**
 * What must have been paid back in all once `remains` of `quantity` were not delivered: charge × remains ÷ quantity,
 * rounded down to 10⁻⁸. A refund pays the difference between this target and what was paid before, which is why
 * duplicates, retries and any order of arrival end in the same sum.
 */
export function refundTarget(charge: Money, remains: number, quantity: number): Money {
  return (charge * BigInt(remains)) / BigInt(quantity)
}
