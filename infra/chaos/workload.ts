import { formatMoney, parseMoney } from '@paxyo/order-core'
import type { Random } from './random.ts'

/** One webhook of an order's history. */
export interface Update {
  readonly status: string
  readonly remains?: number
}

/** An order with all updates that the provider will send, and the expected result. */
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
 * Plans an order. The expected result follows from the construction of its history, not from the code under test: the
 * last final status is kept, and the largest part that was ever reported as undelivered is refunded.
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
    updates: addNoise(random, [...open, ...final]),
    expected: { status, refunded: formatMoney(refunded) },
  }
}

/** Repeats some updates and adds late copies of earlier ones, which must not change the result. */
function addNoise(random: Random, updates: readonly Update[]): Update[] {
  const sent: Update[] = []
  updates.forEach((update, index) => {
    sent.push(update)
    if (random.chance(0.2)) sent.push(update)
    if (index > 1 && random.chance(0.2)) sent.push({ status: 'Pending' })
  })
  if (random.chance(0.5)) sent.push({ status: 'In progress', remains: 1 }, { status: 'Processing' })
  return sent
}
