import type { Money } from './money.ts'
import type { OrderState } from './order-state.ts'

/**
 * The quantity that the charge pays for.
 *
 * @example
 * totalQuantity({ quantity: 100, runs: 5 }) //=> 500
 */
export const totalQuantity = ({ quantity, runs }: Pick<OrderState, 'quantity' | 'runs'>): number => quantity * runs

/** The refund of a partial drip-feed order, if its remains are those of all runs, and if they are those of one run. */
export interface DripFeedReadings {
  readonly ofAllRuns: Money
  readonly ofOneRun: Money
}

/**
 * Both readings of the remains of a drip-feed order: providers report the remains of all runs, or of one. @returns
 * undefined when there is one reading only, because more remains than one run delivers, or nothing.
 *
 * @example
 * const order = { charge: parseMoney('5'), quantity: 100, runs: 5 }
 * dripFeedReadings(order, 50) //=> { ofAllRuns: parseMoney('0.5'), ofOneRun: parseMoney('2.5') }
 * dripFeedReadings(order, 200) //=> undefined
 */
export function dripFeedReadings(
  { charge, quantity, runs }: Pick<OrderState, 'charge' | 'quantity' | 'runs'>,
  remains: number,
): DripFeedReadings | undefined {
  if (runs === 1 || remains <= 0 || remains > quantity) return undefined
  return {
    ofAllRuns: refundTarget(charge, remains, quantity * runs),
    ofOneRun: refundTarget(charge, remains, quantity),
  }
}

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
