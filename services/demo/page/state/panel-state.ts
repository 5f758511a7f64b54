import type { AccountView, OrderView, Position, TotalsView } from '@paxyo/browser-client'
import type { Notice } from './notices.ts'
import type { RefundEntry } from './refunds.ts'

/** An order and its place in the list: the newest has the highest rank, and changes of the order do not change it. */
export interface RankedOrder {
  readonly order: OrderView
  readonly rank: number
}

/**
 * Everything that the panel shows of its user's stream, as of `position`. It is plain data, and all that a reload
 * needs.
 */
export interface PanelState {
  /** The last event that is included; undefined before the first snapshot. */
  readonly position: Position | undefined
  readonly account: AccountView | undefined
  readonly orders: ReadonlyMap<string, RankedOrder>
  /** Of all orders of the user, also of those that are not here; undefined until they are known. */
  readonly totals: TotalsView | undefined
  /** Where the orders begin that are older than those here; undefined when there are none. */
  readonly older: string | undefined
  /** Newest first, as are the notices. */
  readonly refunds: readonly RefundEntry[]
  readonly notices: readonly Notice[]
  /** Notices after this seq are unread. */
  readonly readSeq: number
}

/** The page removes older entries; closed orders first. */
export const ORDERS_MAX = 2_000
export const REFUNDS_MAX = 500
export const NOTICES_MAX = 200

export const EMPTY_STATE: PanelState = {
  position: undefined,
  account: undefined,
  orders: new Map(),
  totals: undefined,
  older: undefined,
  refunds: [],
  notices: [],
  readSeq: 0,
}

export function unreadCount({ notices, readSeq }: PanelState): number {
  const firstRead = notices.findIndex(({ seq }) => seq <= readSeq)
  return firstRead === -1 ? notices.length : firstRead
}
