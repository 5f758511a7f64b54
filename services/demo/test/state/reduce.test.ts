import { expect, test } from '@jest/globals'
import { EMPTY_STATE, NOTICES_MAX, ORDERS_MAX, REFUNDS_MAX, unreadCount } from '../../page/state/panel-state.ts'
import { reduce } from '../../page/state/reduce.ts'
import { account, anOrder, aRefund, changed, snapshot } from './orders.ts'

const begun = reduce(EMPTY_STATE, [snapshot([anOrder('A-2'), anOrder('A-1')])])

test('a snapshot is what there is', () => {
  expect(begun.position).toEqual({ epoch: 'epoch-1', seq: 10 })
  expect(begun.account).toEqual(account('5'))
  expect([...begun.orders.keys()]).toEqual(['A-2', 'A-1'])
  expect(begun.notices).toEqual([])
  expect(unreadCount(begun)).toBe(0)
})

test('a change takes the place of what it changes, and leaves the state before it as it was', () => {
  const canceled = anOrder('A-1', { status: 'canceled', refunded: '2.5' })
  const state = reduce(begun, [changed(11, canceled, { refund: aRefund('2.5') })])
  expect(state.orders.get('A-1')).toEqual({ order: canceled, rank: begun.orders.get('A-1')!.rank })
  expect(state.orders.get('A-2')).toBe(begun.orders.get('A-2'))
  expect(state.position).toEqual({ epoch: 'epoch-1', seq: 11 })
  expect(state.account).toEqual(account('11'))
  expect(state.refunds).toMatchObject([{ amount: '2.5', orderId: 'A-1', at: '2026-11-22T18:30:00.000Z' }])
  expect(begun.orders.get('A-1')!.order.status).toBe('pending')
})

test('what is contained already changes nothing, in whatever order it comes again', () => {
  const change = changed(11, anOrder('A-1', { status: 'canceled' }), { refund: aRefund('2.5') })
  const once = reduce(begun, [change])
  expect(reduce(once, [change, changed(10, anOrder('A-2', { status: 'failed' }))])).toEqual(once)
})

test('nothing is applied before there is a snapshot', () => {
  expect(reduce(EMPTY_STATE, [changed(1, anOrder('A-1'))])).toEqual(EMPTY_STATE)
})

test('a batch comes to the same as its changes one by one', () => {
  const changes = [
    changed(11, anOrder('A-3'), { isNew: true }),
    changed(12, anOrder('A-3', { status: 'in_progress', remains: 900 })),
    changed(13, anOrder('A-3', { status: 'partial', remains: 500 }), { refund: aRefund('1.25') }),
    { type: 'account', seq: 14, at: '2026-11-22T18:31:00.000Z', account: account('99') } as const,
  ]
  const oneByOne = changes.reduce((state, change) => reduce(state, [change]), begun)
  expect(reduce(begun, changes)).toEqual(oneByOne)
  expect(oneByOne.notices.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['balance', 14],
    ['status', 13],
    ['status', 12],
    ['registered', 11],
  ])
})

test('progress is no news, a status and money are', () => {
  const state = reduce(begun, [
    changed(11, anOrder('A-1', { remains: 900 })),
    changed(12, anOrder('A-1', { status: 'in_progress', remains: 900 })),
    changed(13, anOrder('A-1', { status: 'in_progress', remains: 800 })),
  ])
  expect(state.notices.map(({ seq }) => seq)).toEqual([12])
})

test("an order's account is no notice of its own", () => {
  const accountOfTheSame = { type: 'account', seq: 11, at: '', account: account('11') } as const
  const state = reduce(begun, [changed(11, anOrder('A-1', { status: 'completed' })), accountOfTheSame])
  expect(state.notices.map(({ kind }) => kind)).toEqual(['status'])
})

test('a kind of event that is not known moves the position, and is no notice when the balance stays as it was', () => {
  const state = reduce(begun, [
    { type: 'other', seq: 11 },
    { type: 'account', seq: 12, at: '', account: account('5') },
  ])
  expect(state).toEqual({ ...begun, position: { epoch: 'epoch-1', seq: 12 } })
})

test('notices are unread until they are looked at', () => {
  const state = reduce(begun, [
    changed(11, anOrder('A-3'), { isNew: true }),
    changed(12, anOrder('A-4'), { isNew: true }),
  ])
  expect(unreadCount(state)).toBe(2)
  const read = reduce(state, [{ type: 'read' }])
  // All other objects are the same as before, so the page does not render them again.
  expect([read.orders === state.orders, read.notices === state.notices, read.refunds === state.refunds]).toEqual([
    true,
    true,
    true,
  ])
  expect(unreadCount(read)).toBe(0)
  expect(unreadCount(reduce(read, [changed(13, anOrder('A-5'), { isNew: true })]))).toBe(1)
})

test('a snapshot of the same stream keeps notices and payments, and finds those that were missed', () => {
  const paid = changed(11, anOrder('A-1', { status: 'partial', refunded: '1' }), { refund: aRefund('1') })
  const missed = anOrder('A-1', { status: 'canceled', refunded: '2.5', updatedAt: '2026-11-23T00:00:00.000Z' })
  const state = reduce(begun, [paid, snapshot([missed], 700)])
  expect(state.notices).toHaveLength(1)
  expect(state.refunds.map(({ amount, refundId }) => [amount, refundId])).toEqual([
    ['1.5', 'A-1 up to 2.5'],
    ['1', 'refund-1'],
  ])
})

test('a snapshot of another epoch begins anew', () => {
  const state = reduce(begun, [
    changed(11, anOrder('A-1', { status: 'canceled' }), { refund: aRefund('2.5') }),
    snapshot([], 3, 'epoch-2'),
  ])
  expect(state).toEqual({ ...EMPTY_STATE, account: account('5'), position: { epoch: 'epoch-2', seq: 3 }, readSeq: 3 })
})

test('everything has a bound, and closed orders are forgotten first', () => {
  const count = ORDERS_MAX + 10
  const changes = Array.from({ length: count }, (_, index) =>
    changed(11 + index, anOrder(`B-${index}`, index < 100 ? {} : { status: 'canceled' }), {
      isNew: true,
      refund: aRefund('1', `refund-${index}`),
    }),
  )
  const state = reduce(begun, changes)
  expect(state.orders.size).toBe(ORDERS_MAX)
  expect(state.refunds).toHaveLength(REFUNDS_MAX)
  expect(state.notices).toHaveLength(NOTICES_MAX)
  expect(['A-1', 'B-0', 'B-99', `B-${count - 1}`].every((id) => state.orders.has(id))).toBe(true)
  expect(state.orders.has('B-100')).toBe(false)
  expect(state.notices[0]!.seq).toBe(10 + count)
})
