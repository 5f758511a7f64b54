import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ORDER_STATUSES } from '@paxyo/contracts'
import { isVerified, movesMoney, type ChangingDecision } from '../src/verify-refund.ts'
import { decide } from '../src/decide.ts'
import type { OrderState } from '../src/order-state.ts'
import type { StatusUpdate } from '../src/status-update.ts'

const order: OrderState = {
  status: 'in_progress',
  quantity: 1000,
  runs: 1,
  charge: 250_000_000n,
  remains: 400,
  startCount: null,
  refunded: 0n,
}

const says = (status: StatusUpdate['status'], remains: number | null = null): StatusUpdate => ({
  providerOrderId: '1',
  status,
  remains,
  startCount: null,
  ...(status === 'unknown' ? { problem: 'provider_error' as const } : {}),
})

const decided = (update: StatusUpdate): ChangingDecision => decide(order, update) as ChangingDecision

test.each<[string, StatusUpdate, StatusUpdate, boolean]>([
  ['the same', says('canceled'), says('canceled', 400), true],
  ['the same rest', says('partial', 300), says('partial', 300), true],
  ['a larger rest', says('partial', 300), says('partial', 301), true],
  ['a smaller rest', says('partial', 300), says('partial', 299), false],
  ['that it was canceled after that', says('partial', 300), says('canceled'), true],
  ['that only a part is left', says('canceled'), says('partial', 999), false],
  ['that all of it is left', says('canceled'), says('partial', 1000), true],
  ['that it is still open', says('canceled'), says('in_progress', 400), false],
  ['that it was completed', says('canceled'), says('completed', 0), false],
  ['that it failed', says('canceled'), says('failed'), false],
  ['that it does not know the order', says('canceled'), says('unknown'), false],
  ['a rest that is none', says('partial', 300), says('partial'), false],
])('the provider says %s', (_what, webhook, response, expected) => {
  expect(isVerified(order, decided(webhook), response)).toBe(expected)
})

test('only what pays needs to be confirmed', () => {
  expect(movesMoney(decided(says('canceled')))).toBe(true)
  expect(movesMoney(decided(says('completed')))).toBe(false)
  expect(movesMoney(decided(says('partial', 0)))).toBe(false)
})

test('whatever is confirmed pays no more than the response itself would have', () => {
  const update = fc
    .tuple(fc.constantFrom(...ORDER_STATUSES), fc.option(fc.integer({ min: -1, max: 1001 })))
    .map(([status, remains]) => says(status, remains))
  fc.assert(
    fc.property(
      fc.constantFrom(...ORDER_STATUSES),
      fc.bigInt(0n, 250_000_000n),
      update,
      update,
      (status, refunded, webhook, response) => {
        const state = { ...order, status, refunded }
        const decision = decide(state, webhook)
        if (!('order' in decision) || !isVerified(state, decision, response)) return
        const own = decide(state, response)
        expect('order' in own && own.order.refunded >= decision.order.refunded).toBe(true)
      },
    ),
  )
})
