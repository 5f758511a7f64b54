import {
  encodeEvent,
  userChannel,
  type OrderEvent,
  type OrderStatus,
  type OrderView,
  type RefundView,
} from '@paxyo/contracts'
import { formatMoney, type Money } from '@paxyo/order-core'
import type { ChangeSet, RefundEntry } from '../model/change-set.ts'
import type { EventPlace } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import { providerOrderKey, providerOrderOf, type MaybeProviderOrder } from '../model/provider-order.ts'
import { totalsView, withOrder } from '../model/totals.ts'
import type { LockedAccount, Order, WorkingSet } from '../model/working-set.ts'

/** An account after a change, and the event of the change. */
export interface RecordedAccount {
  readonly account: LockedAccount
  readonly event: EventPlace
}

/** An order after a change, and the event of the change. */
export interface RecordedOrder extends RecordedAccount {
  readonly order: PanelView
  /** The refund as its user sees it, if there is one. */
  readonly refund: RefundView | undefined
}

/** An order as the panel sees it: its provider's id belongs to a provider. */
export type PanelView = Omit<OrderView, 'providerOrderId'> & MaybeProviderOrder

/** Records a newly registered order, as its user's next event. */
export function recordRegistration(
  working: WorkingSet,
  changes: ChangeSet,
  order: Order,
  account: LockedAccount,
): RecordedOrder {
  changes.registeredOrderIds.add(order.orderId)
  const counted = { ...account, totals: withOrder(account.totals, undefined, order) }
  return recordOrder(working, changes, order, counted, { event: 'order.registered' })
}

/** Records an imported order that is final: it is no event, but the account's totals include it. */
export function recordStored(working: WorkingSet, changes: ChangeSet, order: Order): void {
  const account = working.accountsByUserId.get(order.userId)!
  const counted = { ...account, totals: withOrder(account.totals, undefined, order) }
  working.accountsByUserId.set(order.userId, counted)
  changes.accounts.set(order.userId, counted)
}

/**
 * Records an order's new state as its user's next event, and refunds the increase of `refunded`. Every refund goes
 * through this function.
 */
export function recordUpdate(
  working: WorkingSet,
  changes: ChangeSet,
  before: Order,
  next: Order,
  newId: NewId,
): RecordedOrder {
  const found = working.accountsByUserId.get(next.userId)!
  const account = { ...found, totals: withOrder(found.totals, before, next) }
  const amount = next.refunded - before.refunded
  const update = { event: 'order.updated', previousStatus: before.status } as const
  if (amount === 0n) return recordOrder(working, changes, next, account, update)

  const entry: RefundEntry = {
    kind: 'refund',
    entryId: newId(),
    userId: next.userId,
    orderId: next.orderId,
    amount,
    balanceAfter: account.balance + amount,
    refundedBefore: before.refunded,
    refundedAfter: next.refunded,
  }
  changes.entries.push(entry)
  return recordOrder(working, changes, next, { ...account, balance: entry.balanceAfter }, update, entry)
}

export interface RecordedDeposit {
  readonly entryId: string
  readonly amount: Money
  /** Identifies the payment; undefined for an opening balance. */
  readonly paymentRef?: string
}

/** Records a deposit as its user's next event. */
export function recordDeposit(
  changes: ChangeSet,
  before: LockedAccount,
  { entryId, amount, paymentRef }: RecordedDeposit,
  at: Date,
): RecordedAccount {
  const { userId } = before
  const balanceAfter = before.balance + amount
  const recorded = recordAccount(changes, { ...before, balance: balanceAfter, mode: 'kept' }, at, {
    event: 'account.updated',
  })
  const payment = paymentRef === undefined ? {} : { payment: { ref: paymentRef, seq: recorded.event.seq } }
  changes.entries.push({ kind: 'deposit', entryId, userId, orderId: null, amount, balanceAfter, ...payment })
  return recorded
}

/** An order as its user sees it. */
export function orderView(order: Order, currency: string): OrderView {
  return {
    orderId: order.orderId,
    providerOrderId: order.providerOrderId ?? '',
    service: order.service,
    link: order.link,
    quantity: order.quantity,
    charge: formatMoney(order.charge),
    currency,
    status: order.status,
    remains: order.remains,
    startCount: order.startCount,
    refunded: formatMoney(order.refunded),
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  }
}

/**
 * An order as the panel sees it.
 *
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const row = await pool.query(`SELECT ${ORDER_COLUMNS} FROM orders`)
 * panelView(toOrder(row.rows[0]), 'USD').charge //=> '2.5'
 */
export function panelView(order: Order, currency: string): PanelView {
  const { provider, providerOrderId } = order
  return { ...orderView(order, currency), provider, providerOrderId }
}
type OrderChange =
  | { readonly event: 'order.registered'; readonly previousStatus?: undefined }
  | { readonly event: 'order.updated'; readonly previousStatus: OrderStatus }

/** Updates the working set with the order and its account. */
function recordOrder(
  working: WorkingSet,
  changes: ChangeSet,
  order: Order,
  account: LockedAccount,
  { event, previousStatus }: OrderChange,
  entry?: RefundEntry,
): RecordedOrder {
  const refund = entry && {
    refundId: entry.entryId,
    amount: formatMoney(entry.amount),
    currency: account.currency,
  }
  const body = {
    event,
    order: orderView(order, account.currency),
    ...(refund === undefined ? {} : { refund }),
  }
  const recorded = recordAccount(changes, account, working.at, body, previousStatus)
  const providerOrder = providerOrderOf(order)
  if (providerOrder !== undefined) working.ordersByProviderOrder.set(providerOrderKey(providerOrder), order)
  working.accountsByUserId.set(account.userId, recorded.account)
  changes.orders.set(order.orderId, order)
  return { ...recorded, order: panelView(order, account.currency), refund }
}

type EventBody<Kind extends OrderEvent = OrderEvent> = Kind extends unknown
  ? Omit<Kind, 'type' | 'seq' | 'totals' | 'at' | 'account'>
  : never

/** Appends an event to the user's stream, with the account's next seq. Every event is assembled here. */
function recordAccount(
  changes: ChangeSet,
  before: LockedAccount,
  at: Date,
  body: EventBody,
  previousStatus?: OrderStatus,
): RecordedAccount {
  const account: LockedAccount = { ...before, lastSeq: before.lastSeq + 1 }
  const { userId, lastSeq: seq, currency } = account
  const payload = encodeEvent({
    type: 'event',
    seq,
    ...body,
    totals: totalsView(account.totals),
    at: at.toISOString(),
    account: { balance: formatMoney(account.balance), currency, mode: account.mode },
  })
  changes.accounts.set(userId, account)
  changes.events.push({ userId, seq, channel: userChannel(userId), payload, previousStatus })
  return { account, event: { userId, seq } }
}
