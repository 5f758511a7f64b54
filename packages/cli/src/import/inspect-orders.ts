import type { ImportedOrder } from '@paxyo/ledger'
import { dripFeedReadings, refundTarget, totalQuantity, type Money } from '@paxyo/order-core'
import type { ImportMap } from './import-map.ts'
import { createPriceComparison } from './price-comparison.ts'
import type { ImportRecord } from './read-records.ts'
import { toValues } from './to-values.ts'
import { createWarnings, type ImportWarning } from './warnings.ts'

/** Looks at the rows that are accepted. */
export interface Inspector<Item> {
  see(record: ImportRecord, item: Item, map: ImportMap): void
  warnings(): ImportWarning[]
}

const CHARGE_LOWERED = 'the panel may have lowered the charge when it refunded: restore the original charge'

const MESSAGES = {
  remains_left_out: 'remains is not a count, and is left out',
  start_count_left_out: 'startCount is not a count, and is left out',
  canceled_charge_zero: `canceled, with the charge 0: ${CHARGE_LOWERED}`,
  canceled_not_refunded: 'canceled, but refunded is less than the charge: a later webhook does not pay the rest',
  partial_refund_differs: `partial, but refunded is not charge × remains ÷ quantity: ${CHARGE_LOWERED}`,
  partial_charge_lowered: `partial, and cheaper than other orders of the service by just the refund: ${CHARGE_LOWERED}`,
  partial_zero_remains: 'partial, with remains 0: nothing counts as refunded',
} as const

/** Panels round refunds to 2 to 4 decimals; 1 % of the charge is more than that, and less than a lowered charge causes. */
const REFUND_TOLERANCE_PERCENT = 1n

/** Finds values that were left out, and signs that `charge` is not what the user paid. */
export function createOrderInspector(): Inspector<ImportedOrder> {
  const warnings = createWarnings(MESSAGES)
  const prices = createPriceComparison()
  return {
    see(record, order, map) {
      const { row } = record
      const values = toValues(record, ['remains', 'startCount', 'refunded'], map)
      if (values.remains !== undefined && order.remains === null) warnings.add('remains_left_out', row)
      if (values.startCount !== undefined && order.startCount === null) warnings.add('start_count_left_out', row)
      if (order.status === 'canceled') {
        if (order.charge === 0n) warnings.add('canceled_charge_zero', row)
        else if (order.refundedElsewhere < order.charge) warnings.add('canceled_not_refunded', row)
      } else if (order.status === 'partial') {
        if (order.remains === 0) warnings.add('partial_zero_remains', row)
        if (values.refunded !== undefined && !isRefundOfPartial(order)) warnings.add('partial_refund_differs', row)
        else prices.addPartial(order, row)
      } else prices.add(order)
    },
    warnings() {
      for (const row of prices.takeLowered()) warnings.add('partial_charge_lowered', row)
      return warnings.list()
    },
  }
}

/** The remains of a drip-feed order may be those of one run, or of all. */
function isRefundOfPartial({ charge, quantity, runs = 1, remains, refundedElsewhere }: ImportedOrder): boolean {
  const order = { charge, quantity, runs }
  const readings = dripFeedReadings(order, remains ?? 0)
  const due =
    readings === undefined
      ? [refundTarget(charge, remains ?? 0, totalQuantity(order))]
      : [readings.ofAllRuns, readings.ofOneRun]
  return due.some((refund) => absolute(refundedElsewhere - refund) * 100n <= charge * REFUND_TOLERANCE_PERCENT)
}

const absolute = (money: Money): Money => (money < 0n ? -money : money)
