import type { AccountView, OrderView, Position, RefundView } from '@paxyo/contracts'
import { orderNotice, type Notice } from './notices.ts'
import { NOTICES_MAX, ORDERS_MAX, REFUNDS_MAX, type PanelState, type RankedOrder } from './panel-state.ts'
import { completeRefunds, type RefundEntry } from './refunds.ts'

/** What can happen to the state. */
export type Change =
  | {
      readonly type: 'snapshot'
      readonly position: Position
      readonly account: AccountView | undefined
      /** Newest first. */
      readonly orders: readonly OrderView[]
    }
  | {
      readonly type: 'order'
      readonly seq: number
      readonly at: string
      readonly isNew: boolean
      readonly order: OrderView
      readonly refund?: RefundView | undefined
      readonly account?: AccountView | undefined
    }
  | { readonly type: 'account'; readonly seq: number; readonly at: string; readonly account: AccountView }
  | { readonly type: 'read' }

/** The state in the making: one copy for a whole batch, however many changes it holds. */
interface Draft {
  position: Position | undefined
  account: AccountView | undefined
  orders: Map<string, RankedOrder>
  /** Oldest first while in the making. */
  refunds: RefundEntry[]
  notices: Notice[]
  readSeq: number
  rankMax: number
}

/**
 * Applies changes in their order. The state that comes in is not touched, and an order that did not change is the same
 * object as before. Changes whose seq is contained already are dropped.
 */
export function reduce(state: PanelState, changes: readonly Change[]): PanelState {
  if (changes.length === 0) return state
  const draft: Draft = {
    ...state,
    orders: new Map(state.orders),
    refunds: state.refunds.toReversed(),
    notices: state.notices.toReversed(),
    rankMax: highestRank(state.orders),
  }
  for (const change of changes) apply(draft, change)

  const { position, account, readSeq } = draft
  return {
    position,
    account,
    readSeq,
    orders: withinBound(draft.orders),
    refunds: draft.refunds.slice(-REFUNDS_MAX).toReversed(),
    notices: draft.notices.slice(-NOTICES_MAX).toReversed(),
  }
}

function apply(draft: Draft, change: Change): void {
  switch (change.type) {
    case 'snapshot':
      return applySnapshot(draft, change)
    case 'order':
      return applyOrder(draft, change)
    case 'account':
      if (!advance(draft, change.seq)) return
      draft.account = change.account
      draft.notices.push({ kind: 'balance', seq: change.seq, at: change.at, account: change.account })
      return
    case 'read':
      draft.readSeq = draft.position?.seq ?? 0
  }
}

function applySnapshot(draft: Draft, { position, account, orders }: Extract<Change, { type: 'snapshot' }>): void {
  // Another epoch is another stream: what was known of the old one's events means nothing in it.
  const isSameStream = draft.position?.epoch === position.epoch
  draft.refunds = completeRefunds(isSameStream ? draft.refunds.toReversed() : [], orders).toReversed()
  if (!isSameStream) {
    draft.notices = []
    draft.readSeq = position.seq
  }
  draft.position = position
  draft.account = account
  draft.orders = new Map(orders.map((order, index) => [order.orderId, { order, rank: orders.length - index }]))
  draft.rankMax = orders.length
}

function applyOrder(draft: Draft, change: Extract<Change, { type: 'order' }>): void {
  if (!advance(draft, change.seq)) return
  const { order, refund } = change
  const before = draft.orders.get(order.orderId)
  draft.orders.set(order.orderId, { order, rank: before?.rank ?? (draft.rankMax += 1) })
  if (change.account !== undefined) draft.account = change.account
  if (refund !== undefined) {
    const { orderId, providerOrderId, service } = order
    draft.refunds.push({ ...refund, orderId, providerOrderId, service, at: change.at })
  }
  const notice = orderNotice(before?.order, change, change.isNew)
  if (notice !== undefined) draft.notices.push(notice)
}

/** @returns false when the change is contained already. */
function advance(draft: Draft, seq: number): boolean {
  if (draft.position === undefined || seq <= draft.position.seq) return false
  draft.position = { ...draft.position, seq }
  return true
}

function highestRank(orders: ReadonlyMap<string, RankedOrder>): number {
  let highest = 0
  for (const { rank } of orders.values()) highest = Math.max(highest, rank)
  return highest
}

const isOpen = ({ status }: OrderView): boolean =>
  status === 'pending' || status === 'processing' || status === 'in_progress'

function withinBound(orders: Map<string, RankedOrder>): ReadonlyMap<string, RankedOrder> {
  if (orders.size <= ORDERS_MAX) return orders
  const kept = [...orders].toSorted(
    ([, one], [, other]) => Number(isOpen(other.order)) - Number(isOpen(one.order)) || other.rank - one.rank,
  )
  return new Map(kept.slice(0, ORDERS_MAX))
}
