import { expect, test } from '@jest/globals'
import { ORDER_STATUSES } from '@paxyo/contracts'
import fc from 'fast-check'
import { decide } from '../src/decide.ts'
import type { OrderState } from '../src/order-state.ts'
import type { StatusUpdate } from '../src/status-update.ts'

const QUANTITY_MAX = 1_000_000

const anOrder = fc.record({
  quantity: fc.integer({ min: 1, max: QUANTITY_MAX }),
  runs: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 100 })),
  charge: fc.bigInt({ min: 0n, max: 10n ** 15n }),
})

const anUpdate = fc.record<StatusUpdate>({
  providerOrderId: fc.constant('1'),
  status: fc.constantFrom(...ORDER_STATUSES, 'unknown' as const),
  remains: fc.option(
    fc.oneof(
      fc.integer({ min: -5, max: 20 }),
      fc.integer({ min: -5, max: QUANTITY_MAX + 5 }),
      fc.integer({ min: -5, max: 100 * QUANTITY_MAX }),
    ),
  ),
  startCount: fc.option(fc.nat()),
})

/** A history, and the same updates shuffled, some of them repeated. */
const aHistory = fc.array(anUpdate, { maxLength: 12 }).chain((updates) =>
  fc.tuple(
    fc.constant(updates),
    fc
      .subarray(updates)
      .chain((again) => fc.shuffledSubarray([...updates, ...again], { minLength: updates.length + again.length })),
  ),
)

interface Given {
  readonly quantity: number
  readonly runs: number
  readonly charge: bigint
}

const registered = (given: Given): OrderState => ({
  ...given,
  status: 'pending',
  remains: null,
  startCount: null,
  refunded: 0n,
})

const replay = (order: OrderState, updates: readonly StatusUpdate[]): OrderState =>
  updates.reduce((state, update) => {
    const decision = decide(state, update)
    return 'order' in decision ? decision.order : state
  }, order)

/** A fraction of the charge; compared by cross multiplication, never divided. */
interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** The oracle: the largest fraction of the charge that any update of the history gives back. */
const fractionOwed = ({ quantity, runs }: Given, updates: readonly StatusUpdate[]): Fraction => {
  let owed: Fraction = { numerator: 0n, denominator: 1n }
  for (const { status, remains } of updates) {
    let claim: Fraction | undefined
    if (status === 'canceled') claim = { numerator: 1n, denominator: 1n }
    // Less than one run of several may also be what remains of that run: it claims nothing.
    const least = runs === 1 ? 0 : quantity + 1
    if (status === 'partial' && remains !== null && remains >= least && remains <= quantity * runs) {
      claim = { numerator: BigInt(remains), denominator: BigInt(quantity * runs) }
    }
    if (claim !== undefined && claim.numerator * owed.denominator > owed.numerator * claim.denominator) owed = claim
  }
  return owed
}

test('the refund is exactly the largest claim of the history, rounded down to 10⁻⁸', () => {
  fc.assert(
    fc.property(anOrder, fc.array(anUpdate, { maxLength: 12 }), (given, updates) => {
      const { refunded, charge } = replay(registered(given), updates)
      const owed = fractionOwed(given, updates)

      expect(refunded * owed.denominator <= charge * owed.numerator).toBe(true)
      expect((refunded + 1n) * owed.denominator > charge * owed.numerator).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('any order of arrival and any duplicates end in the same refund', () => {
  fc.assert(
    fc.property(anOrder, aHistory, (given, [updates, rearranged]) => {
      expect(replay(registered(given), rearranged).refunded).toBe(replay(registered(given), updates).refunded)
    }),
    { numRuns: 2000 },
  )
})

test('a history split anywhere, as when another process goes on with it, ends in the same order', () => {
  fc.assert(
    fc.property(anOrder, fc.array(anUpdate, { maxLength: 12 }), fc.nat(12), (given, updates, at) => {
      const first = replay(registered(given), updates.slice(0, at))
      expect(replay({ ...first }, updates.slice(at))).toEqual(replay(registered(given), updates))
    }),
  )
})

test('after every single update 0 ≤ refunded ≤ charge, it never falls, and each payment is the difference', () => {
  fc.assert(
    fc.property(anOrder, fc.array(anUpdate, { maxLength: 12 }), (given, updates) => {
      let order = registered(given)
      for (const update of updates) {
        const decision = decide(order, update)
        if (!('order' in decision)) continue
        expect(decision.order.refunded - order.refunded).toBe(decision.refund)
        expect(decision.refund >= 0n && decision.order.refunded <= order.charge).toBe(true)
        order = decision.order
      }
    }),
  )
})

test('an update that comes twice in a row changes nothing the second time', () => {
  fc.assert(
    fc.property(anOrder, fc.array(anUpdate, { maxLength: 6 }), anUpdate, (given, before, update) => {
      const once = replay(registered(given), [...before, update])
      expect(replay(once, [update])).toEqual(once)
    }),
  )
})
