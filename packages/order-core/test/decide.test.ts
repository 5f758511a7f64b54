import { describe, expect, test } from '@jest/globals'
import type { OrderStatus } from '@paxyo/contracts'
import { decide, type Decision } from '../src/decide.ts'
import { parseMoney } from '../src/money.ts'
import type { OrderState } from '../src/order-state.ts'
import type { StatusUpdate } from '../src/status-update.ts'

const anOrder = (given: Partial<OrderState> = {}): OrderState => ({
  status: 'in_progress',
  quantity: 1000,
  runs: 1,
  charge: parseMoney('2.5'),
  remains: null,
  startCount: null,
  refunded: 0n,
  ...given,
})

const anUpdate = (given: Partial<StatusUpdate>): StatusUpdate => ({
  providerOrderId: '1',
  status: 'in_progress',
  remains: null,
  startCount: null,
  ...given,
})

/** What a decision comes to, in one line a row of the design's table can be compared with. */
const summary = (decision: Decision): string => {
  const paid = 'refund' in decision && decision.refund > 0n ? ' + refund' : ''
  const review = 'review' in decision && decision.review !== undefined ? ` + ${decision.review}` : ''
  return decision.outcome + paid + review
}

describe('the transition table', () => {
  const partial = { status: 'partial', remains: 300, refunded: parseMoney('0.75') } as const
  const canceled = { status: 'canceled', refunded: parseMoney('2.5') } as const

  test.each<[Partial<OrderState>, OrderStatus, string]>([
    [{ status: 'processing' }, 'pending', 'stale'],
    [{ status: 'pending' }, 'pending', 'unchanged'],
    [{ status: 'pending' }, 'in_progress', 'applied'],
    [{ status: 'in_progress' }, 'completed', 'applied'],
    [{ status: 'pending' }, 'partial', 'applied + refund'],
    [{ status: 'processing' }, 'canceled', 'applied + refund'],
    [{ status: 'in_progress' }, 'failed', 'applied + order_failed'],

    [{ status: 'completed' }, 'in_progress', 'stale'],
    [{ status: 'completed' }, 'completed', 'unchanged'],
    [{ status: 'completed' }, 'partial', 'applied + refund + late_reversal'],
    [{ status: 'completed' }, 'canceled', 'applied + refund + late_reversal'],
    [{ status: 'completed' }, 'failed', 'review + contradiction'],

    [partial, 'processing', 'stale'],
    [partial, 'completed', 'review + contradiction'],
    [partial, 'partial', 'unchanged'],
    [partial, 'canceled', 'applied + refund'],
    [partial, 'failed', 'review + contradiction'],

    [canceled, 'pending', 'stale'],
    [canceled, 'completed', 'review + contradiction'],
    [canceled, 'partial', 'review + contradiction'],
    [canceled, 'canceled', 'unchanged'],
    [canceled, 'failed', 'unchanged'],

    [{ status: 'failed' }, 'pending', 'applied'],
    [{ status: 'failed' }, 'in_progress', 'applied'],
    [{ status: 'failed' }, 'completed', 'applied'],
    [{ status: 'failed' }, 'partial', 'applied + refund'],
    [{ status: 'failed' }, 'canceled', 'applied + refund'],
    [{ status: 'failed' }, 'failed', 'unchanged'],
  ])('%o, then %s: %s', (now, status, expected) => {
    const update = anUpdate({ status, remains: status === 'partial' ? 300 : null })
    expect(summary(decide(anOrder(now), update))).toBe(expected)
  })
})

test('progress is told when remains or start count moved, and only then', () => {
  const order = anOrder({ remains: 40, startCount: 100 })

  expect(summary(decide(order, anUpdate({ remains: 40, startCount: 100 })))).toBe('unchanged')
  expect(summary(decide(order, anUpdate({ remains: null, startCount: null })))).toBe('unchanged')
  expect(decide(order, anUpdate({ remains: 30 }))).toEqual({
    outcome: 'progress',
    order: { ...order, remains: 30 },
    refund: 0n,
  })
})

test('a canceled order gets its whole charge back, less what was paid before', () => {
  const partial = anOrder({ status: 'partial', remains: 300, refunded: parseMoney('0.75') })

  expect(decide(partial, anUpdate({ status: 'canceled' }))).toMatchObject({
    refund: parseMoney('1.75'),
    order: { status: 'canceled', refunded: parseMoney('2.5'), remains: 300 },
  })
})

test('partial again: a larger rest is topped up, a smaller one is kept and reviewed', () => {
  const partial = anOrder({ status: 'partial', remains: 300, refunded: parseMoney('0.75') })

  expect(decide(partial, anUpdate({ status: 'partial', remains: 500 }))).toMatchObject({ refund: parseMoney('0.5') })
  expect(decide(partial, anUpdate({ status: 'partial', remains: 200 }))).toMatchObject({
    outcome: 'applied',
    refund: 0n,
    review: 'refund_exceeds_target',
    order: { remains: 200, refunded: parseMoney('0.75') },
  })
})

test.each([
  [null, 'review + remains_missing'],
  [-1, 'review + remains_out_of_range'],
  [1001, 'review + remains_out_of_range'],
  [0, 'applied + partial_zero_remains'],
  [1000, 'applied + refund'],
])('partial with remains %s: %s', (remains, expected) => {
  expect(summary(decide(anOrder(), anUpdate({ status: 'partial', remains })))).toBe(expected)
})

describe('a partial drip-feed order, 4 runs of 1000', () => {
  const dripFeed = anOrder({ runs: 4 })
  test.each([
    [1001, 'applied + refund'],
    [4000, 'applied + refund'],
    [4001, 'review + remains_out_of_range'],
    [1000, 'review + drip_feed_remains'],
    [1, 'review + drip_feed_remains'],
    [0, 'applied + partial_zero_remains'],
    [null, 'review + remains_missing'],
  ])('with remains %s: %s', (remains, expected) => {
    expect(summary(decide(dripFeed, anUpdate({ status: 'partial', remains })))).toBe(expected)
  })

  test('is refunded by all its runs when only they have so much; otherwise a person sees both readings', () => {
    expect(decide(dripFeed, anUpdate({ status: 'partial', remains: 2000 }))).toMatchObject({
      refund: parseMoney('1.25'),
    })
    expect(decide(dripFeed, anUpdate({ status: 'partial', remains: 1000 }))).toEqual({
      outcome: 'review',
      review: 'drip_feed_remains',
      readings: { ofAllRuns: parseMoney('0.625'), ofOneRun: parseMoney('2.5') },
    })
    expect(decide(dripFeed, anUpdate({ status: 'canceled' }))).toMatchObject({ refund: parseMoney('2.5') })
  })
})

test('a word that is ignored changes nothing, and is told apart from a repetition', () => {
  expect(decide(anOrder(), anUpdate({ status: 'ignored' }))).toEqual({ outcome: 'ignored' })
})

test('what is not understood is put up for review and never guessed', () => {
  expect(decide(anOrder(), anUpdate({ status: 'unknown', problem: 'unknown_status' }))).toEqual({
    outcome: 'review',
    review: 'unknown_status',
  })
  expect(decide(anOrder(), anUpdate({ status: 'unknown', problem: 'provider_error' }))).toEqual({
    outcome: 'review',
    review: 'provider_error',
  })
})
