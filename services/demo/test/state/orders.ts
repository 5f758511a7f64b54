import type { OrderView, RefundView } from '@paxyo/browser-client'
import type { Change } from '../../page/state/reduce.ts'

export const AN_ORDER: OrderView = {
  orderId: 'A-1',
  providerOrderId: '12345',
  service: 'Instagram followers',
  link: 'https://instagram.com/somebody',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
  status: 'pending',
  remains: null,
  startCount: null,
  refunded: '0',
  updatedAt: '2026-11-22T18:00:00.000Z',
}

export const anOrder = (orderId: string, rest: Partial<OrderView> = {}): OrderView => ({
  ...AN_ORDER,
  orderId,
  ...rest,
})

export const account = (balance: string) => ({ balance, currency: 'USD', mode: 'kept' as const })

export const aRefund = (amount: string, refundId = 'refund-1'): RefundView => ({ refundId, amount, currency: 'USD' })

export const snapshot = (orders: readonly OrderView[], seq = 10, epoch = 'epoch-1'): Change => ({
  type: 'snapshot',
  position: { epoch, seq },
  account: account('5'),
  orders,
})

export const changed = (
  seq: number,
  order: OrderView,
  rest: { refund?: RefundView; isNew?: boolean } = {},
): Change => ({
  type: 'order',
  seq,
  at: '2026-11-22T18:30:00.000Z',
  isNew: false,
  order,
  account: account(String(seq)),
  ...rest,
})
