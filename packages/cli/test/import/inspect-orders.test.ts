import { expect, test } from '@jest/globals'
import { parseMoney } from '@paxyo/order-core'
import { importMapSchema } from '../../src/import/import-map.ts'
import { createOrderInspector } from '../../src/import/inspect-orders.ts'

const MAP = importMapSchema.parse({})

/** The warnings about a partial order of 5 runs of 100 that cost 5. */
function inspect(remains: number, refunded: string): string[] {
  const inspector = createOrderInspector()
  const order = {
    orderId: 'A-1',
    provider: 'godofpanel',
    providerOrderId: '1',
    userId: '7',
    service: 'Followers',
    link: 'https://instagram.com/somebody',
    quantity: 100,
    runs: 5,
    charge: parseMoney('5'),
    currency: 'USD',
    status: 'partial',
    remains,
    startCount: null,
    refundedElsewhere: parseMoney(refunded),
    createdAt: undefined,
  } as const
  inspector.see({ row: 1, fields: { remains: String(remains), refunded } }, order, MAP)
  return inspector.warnings().map(({ warning }) => warning)
}

test('the refund of a partial drip-feed order may be that of all runs, or of one', () => {
  expect(inspect(50, '0.5')).toEqual([])
  expect(inspect(50, '2.5')).toEqual([])
  expect(inspect(200, '2')).toEqual([])
  expect(inspect(50, '1')).toEqual(['partial_refund_differs'])
  expect(inspect(200, '5')).toEqual(['partial_refund_differs'])
})
