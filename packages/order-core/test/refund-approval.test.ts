import { expect, test } from '@jest/globals'
import {
  afterUpdates,
  needsApproval,
  parseRefundLimits,
  parseMoney,
  type OrderState,
  type StatusUpdate,
} from '../src/index.ts'

const ORDER: OrderState = {
  status: 'in_progress',
  quantity: 1000,
  runs: 1,
  charge: parseMoney('100'),
  remains: null,
  startCount: null,
  refunded: 0n,
}
const update = (status: StatusUpdate['status'], remains: number | null = null): StatusUpdate => ({
  providerOrderId: '1',
  status,
  remains,
  startCount: null,
})

test('a limit counts per currency and for all refunds of an order together', () => {
  const approval = { isAlways: false, limits: new Map([['USD', parseMoney('50')]]) }
  expect(needsApproval(approval, 'USD', parseMoney('50'))).toBe(false)
  expect(needsApproval(approval, 'USD', parseMoney('50.00000001'))).toBe(true)
  expect(needsApproval(approval, 'EUR', parseMoney('5000'))).toBe(false)
  expect(needsApproval({ ...approval, isAlways: true }, 'EUR', 1n)).toBe(true)
})

test('limits in configuration, and every problem with them', () => {
  expect(parseRefundLimits('USD:50, EUR : 40.5')).toEqual(
    new Map([
      ['USD', parseMoney('50')],
      ['EUR', parseMoney('40.5')],
    ]),
  )
  expect(parseRefundLimits('usd:50,USD:1,USD:2,EUR,EUR:-1,EUR:1:2,')).toEqual({
    problems: [
      '"usd:50" must be a currency and an amount, such as USD:50',
      'USD occurs twice',
      '"EUR" must be a currency and an amount, such as USD:50',
      '"EUR:-1" must be a currency and an amount, such as USD:50',
      '"EUR:1:2" must be a currency and an amount, such as USD:50',
      '"" must be a currency and an amount, such as USD:50',
    ],
  })
})

test('updates that waited are applied in order, and what they cannot change they leave', () => {
  const both = afterUpdates(ORDER, [update('partial', 600), update('canceled')])
  expect(both).toMatchObject({ status: 'canceled', refunded: parseMoney('100') })
  expect(afterUpdates(ORDER, [update('partial', 600), update('partial', 600)])).toMatchObject({
    status: 'partial',
    remains: 600,
    refunded: parseMoney('60'),
  })
  const canceled = { ...ORDER, status: 'canceled', refunded: ORDER.charge } as const
  expect(afterUpdates(canceled, [update('partial', 600), update('unknown')])).toBe(canceled)
})

test('a partial update that waits is replaced by a later one, whose remains are larger or smaller', () => {
  const due = (...remains: number[]) =>
    afterUpdates(
      ORDER,
      remains.map((count) => update('partial', count)),
    )
  expect(due(600, 500)).toMatchObject({ remains: 500, refunded: parseMoney('50') })
  expect(due(500, 600)).toMatchObject({ remains: 600, refunded: parseMoney('60') })
  const paid = { ...ORDER, status: 'partial', remains: 550, refunded: parseMoney('55') } as const
  expect(afterUpdates(paid, [update('partial', 600), update('partial', 500)])).toMatchObject({
    remains: 500,
    refunded: parseMoney('55'),
  })
})
