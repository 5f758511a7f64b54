import { expect, test } from '@jest/globals'
import type { OrderHistory } from '@paxyo/panel-client'
import { effectsOf, timelineOf } from '../../page/state/timeline.ts'

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()

const history = {
  order: { createdAt: at(0), charge: '2.5', currency: 'USD' },
  providerOrders: [
    { provider: 'godofpanel', providerOrderId: '1', from: at(0), to: at(9), keyId: null },
    { provider: 'godofpanel', providerOrderId: '2', from: at(9), to: null, keyId: 'k' },
  ],
  deliveries: [
    {
      deliveryId: 'd',
      provider: 'godofpanel',
      providerOrderId: '1',
      outcome: 'applied',
      reason: null,
      body: '{}',
      receivedAt: at(5),
    },
  ],
  refunds: [
    {
      refundId: 'r',
      amount: '1',
      balanceAfter: '1',
      createdAt: at(5),
      sent: { at: at(6), connections: 2 },
      seenAt: at(8),
    },
    { refundId: 's', amount: '1', balanceAfter: '2', createdAt: at(10), sent: null, seenAt: null },
  ],
  actions: [{ actionId: 'a', action: 'cancel', status: 'canceled', by: 'ann', note: 'why', at: at(10) }],
} as unknown as OrderHistory

test('the story is in the order of its events, and an effect follows its cause', () => {
  expect(timelineOf(history).map(({ kind }) => kind)).toEqual([
    'registered',
    'attached',
    'delivery',
    'refund',
    'attached',
    'action',
    'refund',
  ])
})

test('a refund says how it reached its user', () => {
  const refunds = timelineOf(history).filter(({ kind }) => kind === 'refund')
  expect(refunds[0]).toMatchObject({ sent: { connections: 2, afterMs: 1000 }, seenAfterMs: 3000 })
  expect(refunds[1]).toMatchObject({ sent: null, seenAfterMs: null })
})

test('a second provider order is another try', () => {
  const attached = timelineOf(history).filter(({ kind }) => kind === 'attached')
  expect(attached).toMatchObject([{ isFirst: true }, { isFirst: false }])
})

test('the effects of a delivery are the changes until the next one', () => {
  const [first] = history.deliveries
  const moments = timelineOf({ ...history, deliveries: [first!, { ...first!, deliveryId: 'e', receivedAt: at(7) }] })
  expect(effectsOf(moments, 'd').map(({ key }) => key)).toEqual(['refund r'])
  expect(effectsOf(moments, 'e').map(({ kind }) => kind)).toEqual(['attached', 'action', 'refund'])
  expect(effectsOf(moments, 'another')).toEqual([])
})
