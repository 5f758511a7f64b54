import type { AccountView, ConnectionStatus, OrderView, Position, RefundEvent, TotalsView } from '../api.ts'

/** What is known of a user at a moment. */
export interface OrderState {
  readonly connection: ConnectionStatus
  /** False until the orders are known. */
  readonly isLoaded: boolean
  /** Undefined until it is known, and while the user has none. */
  readonly account: AccountView | undefined
  /** Of all orders; undefined from older servers. */
  readonly totals: TotalsView | undefined
  /** Newest first. */
  readonly orders: readonly OrderView[]
  /** Set when there are older orders than these. */
  readonly older: string | undefined
  /** Orders that are watched and not in `orders`; null when the user has no such order. */
  readonly watched: ReadonlyMap<string, OrderView | null>
  /** Refunds that have arrived since the page was opened, newest first, at most 100. */
  readonly refunds: readonly RefundEvent[]
}

/** What a server has rendered: read in one transaction with the position. */
export interface RenderedState {
  readonly position?: Position | undefined
  readonly account?: AccountView | undefined
  readonly orders?: readonly OrderView[]
  readonly totals?: TotalsView | undefined
  readonly older?: string | undefined
}

export const INITIAL_STATE: OrderState = {
  // The same on the page's server and in the browser.
  connection: { state: 'connecting', sinceMs: 0 },
  isLoaded: false,
  account: undefined,
  totals: undefined,
  orders: [],
  older: undefined,
  watched: new Map(),
  refunds: [],
}

/** The account, if its balance is kept here: a panel that keeps the balance shows its own. */
export const keptAccount = ({ account }: OrderState): AccountView | undefined =>
  account?.mode === 'kept' ? account : undefined
