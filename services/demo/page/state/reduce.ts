import type { AccountView, OrderView, Position, RefundView, TotalsView } from '@paxyo/browser-client'
import { isOpenStatus } from '@paxyo/contracts/data'
import { orderNotice, type Notice } from './notices.ts'
import { NOTICES_MAX, ORDERS_MAX, REFUNDS_MAX, type PanelState, type RankedOrder } from './panel-state.ts'
import { completeRefunds, type RefundEntry } from './refunds.ts'

/** A change of the state. */
export type Change =
  | {
      readonly type: 'snapshot'
      readonly position: Position
      readonly account: AccountView | undefined
      /** Newest first. */
      readonly orders: readonly OrderView[]
      readonly totals?: TotalsView | undefined
      readonly older?: string | undefined
    }
  | {
      readonly type: 'order'
      readonly seq: number
      readonly at: string
      readonly isNew: boolean
      readonly order: OrderView
      readonly refund?: RefundView | undefined
      readonly account?: AccountView | undefined
      readonly totals?: TotalsView | undefined
    }
  | {
      readonly type: 'account'
      readonly seq: number
      readonly at: string
      readonly account: AccountView
      readonly totals?: TotalsView | undefined
    }
  /** Older orders, newest first, as of the position. */
  | { readonly type: 'page'; readonly orders: readonly OrderView[]; readonly older: string | undefined }
  /** An event that changes only the position. */
  | { readonly type: 'other'; readonly seq: number }
  | { readonly type: 'read' }

/** The new state while a batch is applied. Only what changes is copied, once per batch. */
interface Draft {
  position: Position | undefined
  account: AccountView | undefined
  orders: ReadonlyMap<string, RankedOrder>
  totals: TotalsView | undefined
  older: string | undefined
  /** A mutable copy of the orders, once one is needed. */
  copy: Map<string, RankedOrder> | undefined
  rankMax: number
  refunds: readonly RefundEntry[]
  notices: readonly Notice[]
  /** New entries, oldest first. */
  newRefunds: RefundEntry[]
  newNotices: Notice[]
  readSeq: number
}

/**
 * Applies changes in order. The given state is not modified, and an unchanged order stays the same object. Changes
 * whose seq is already included are ignored.
 */
export function reduce(state: PanelState, changes: readonly Change[]): PanelState {
  if (changes.length === 0) return state
  const draft: Draft = { ...state, copy: undefined, rankMax: 0, newRefunds: [], newNotices: [] }
  for (const change of changes) apply(draft, change)

  const { position, account, readSeq, totals, older } = draft
  return {
    position,
    account,
    readSeq,
    totals,
    older,
    orders: withinBound(draft.orders),
    refunds: onTop(draft.refunds, draft.newRefunds, REFUNDS_MAX),
    notices: onTop(draft.notices, draft.newNotices, NOTICES_MAX),
  }
}

/** @returns the same list when there is nothing to add. */
function onTop<Item>(list: readonly Item[], added: readonly Item[], max: number): readonly Item[] {
  if (added.length === 0 && list.length <= max) return list
  return [...added.toReversed(), ...list].slice(0, max)
}

function apply(draft: Draft, change: Change): void {
  switch (change.type) {
    case 'snapshot':
      return applySnapshot(draft, change)
    case 'order':
      return applyOrder(draft, change)
    case 'account':
      if (!advance(draft, change.seq)) return
      if (change.account.mode === 'kept' && draft.account?.balance !== change.account.balance) {
        draft.newNotices.push({ kind: 'balance', seq: change.seq, at: change.at, account: change.account })
      }
      draft.account = change.account
      draft.totals = change.totals ?? draft.totals
      return
    case 'page':
      return applyPage(draft, change)
    case 'other':
      advance(draft, change.seq)
      return
    case 'read':
      draft.readSeq = draft.position?.seq ?? 0
  }
}

function applySnapshot(draft: Draft, change: Extract<Change, { type: 'snapshot' }>): void {
  const { position, account, orders, totals, older } = change
  // Another epoch is another stream: the events of the old one do not apply to it.
  const isSameStream = draft.position?.epoch === position.epoch
  draft.refunds = completeRefunds(isSameStream ? [...draft.newRefunds.toReversed(), ...draft.refunds] : [], orders)
  draft.newRefunds = []
  if (!isSameStream) {
    draft.notices = []
    draft.newNotices = []
    draft.readSeq = position.seq
  }
  draft.position = position
  draft.account = account
  draft.totals = totals
  draft.older = older
  draft.orders = new Map(orders.map((order, index) => [order.orderId, { order, rank: orders.length - index }]))
  draft.copy = undefined
}

function applyOrder(draft: Draft, change: Extract<Change, { type: 'order' }>): void {
  if (!advance(draft, change.seq)) return
  const { order, refund } = change
  const before = draft.orders.get(order.orderId)
  copyOrders(draft).set(order.orderId, { order, rank: before?.rank ?? (draft.rankMax += 1) })
  if (change.account !== undefined) draft.account = change.account
  draft.totals = change.totals ?? draft.totals
  if (refund !== undefined) {
    const { orderId, providerOrderId, service } = order
    draft.newRefunds.push({ ...refund, orderId, providerOrderId, service, at: change.at })
  }
  const notice = orderNotice(before?.order, change, change.isNew)
  if (notice !== undefined) draft.newNotices.push(notice)
}

/** Below all others, in their order; those that are here already keep their places. */
function applyPage(draft: Draft, { orders, older }: Extract<Change, { type: 'page' }>): void {
  const copy = copyOrders(draft)
  let lowest = Math.min(1, ...[...copy.values()].map(({ rank }) => rank))
  for (const order of orders) {
    const rank = copy.get(order.orderId)?.rank ?? (lowest -= 1)
    copy.set(order.orderId, { order, rank })
  }
  draft.refunds = completeRefunds([...draft.newRefunds.toReversed(), ...draft.refunds], orders)
  draft.newRefunds = []
  // Orders beyond the bound would be removed again.
  draft.older = copy.size < ORDERS_MAX ? older : undefined
}

function copyOrders(draft: Draft): Map<string, RankedOrder> {
  if (draft.copy === undefined) {
    draft.copy = new Map(draft.orders)
    draft.orders = draft.copy
    draft.rankMax = highestRank(draft.copy)
  }
  return draft.copy
}

/** @returns false if the change is already included. */
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

const isOpen = ({ status }: OrderView): boolean => isOpenStatus(status)

function withinBound(orders: ReadonlyMap<string, RankedOrder>): ReadonlyMap<string, RankedOrder> {
  if (orders.size <= ORDERS_MAX) return orders
  const kept = [...orders].toSorted(
    ([, one], [, other]) => Number(isOpen(other.order)) - Number(isOpen(one.order)) || other.rank - one.rank,
  )
  return new Map(kept.slice(0, ORDERS_MAX))
}
