import { formatMoney, parseMoney } from '@paxyo/order-core'
import type { Random } from './random.ts'

/** One webhook of an order's history. */
export interface Update {
  readonly status: string
  readonly remains?: number
}

/** An order with everything the provider will say about it, and what must have become of it then. */
export interface PlannedOrder {
  readonly orderId: string
  readonly providerOrderId: string
  readonly userId: string
  readonly quantity: number
  readonly charge: string
  readonly updates: readonly Update[]
  readonly expected: { readonly status: string; readonly refunded: string }
}

const QUANTITIES = [3, 100, 1000, 7919]
const CHARGES = ['0.00000003', '0.27819', '2.5', '10', '123.45678901']

/**
 * Plans an order. What it must come to is known from how its history was put together, not from the code under test: the
 * last final status stands, and the largest part that was ever reported as undelivered is what is paid back.
 */
export function planOrder(random: Random, index: number, userId: string): PlannedOrder {
  const quantity = random.pick(QUANTITIES)
  const charge = random.pick(CHARGES)
  const some = random.below(quantity + 1)
  const more = some + random.below(quantity + 1 - some)
  const part = (remains: number): bigint => (parseMoney(charge) * BigInt(remains)) / BigInt(quantity)

  const open: Update[] = [{ status: 'Processing' }, { status: 'In progress', remains: quantity }]
  for (let count = random.below(4); count > 0; count -= 1) {
    open.push({ status: 'In progress', remains: random.below(quantity + 1) })
  }
  const [final, status, refunded] = random.pick<[Update[], string, bigint]>([
    [[{ status: 'Completed' }], 'completed', 0n],
    [[{ status: 'Canceled' }], 'canceled', parseMoney(charge)],
    [[{ status: 'Partial', remains: some }], 'partial', part(some)],
    [
      [
        { status: 'Partial', remains: some },
        { status: 'Partial', remains: more },
      ],
      'partial',
      part(more),
    ],
    [[{ status: 'Partial', remains: more }, { status: 'Canceled' }], 'canceled', parseMoney(charge)],
    [[{ status: 'Completed' }, { status: 'Refunded' }], 'canceled', parseMoney(charge)],
    [[{ status: 'Failed' }, { status: 'Partial', remains: some }], 'partial', part(some)],
  ])
  return {
    orderId: `order-${index}`,
    providerOrderId: String(100_000 + index),
    userId,
    quantity,
    charge,
    updates: disturb(random, [...open, ...final]),
    expected: { status, refunded: formatMoney(refunded) },
  }
}

/** Repeats some updates and sends late copies of those that are overtaken by then: none of it may change the end. */
function disturb(random: Random, updates: readonly Update[]): Update[] {
  const sent: Update[] = []
  updates.forEach((update, index) => {
    sent.push(update)
    if (random.chance(0.2)) sent.push(update)
    if (index > 1 && random.chance(0.2)) sent.push({ status: 'Pending' })
  })
  if (random.chance(0.5)) sent.push({ status: 'In progress', remains: 1 }, { status: 'Processing' })
  return sent
}
