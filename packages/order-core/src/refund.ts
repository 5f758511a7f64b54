import type { Money } from './money.ts'

/**
 * The total refund due when `remains` of `quantity` were not delivered: charge × remains ÷ quantity, rounded down to
 * 10⁻⁸. A refund pays the difference between this target and the earlier refunds, so duplicates, retries and any order of
 * arrival result in the same sum.
 *
 * @example
 * formatMoney(refundTarget(parseMoney('2.5'), 300, 1000)) //=> '0.75'
 */
export function refundTarget(charge: Money, remains: number, quantity: number): Money {
  return (charge * BigInt(remains)) / BigInt(quantity)
}
