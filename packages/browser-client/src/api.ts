import type {
  AccountView,
  OrderView as OrderViewNow,
  Position,
  RefundView,
  TotalsView as TotalsViewNow,
} from '@paxyo/contracts'
import type { OrderStatus } from '@paxyo/contracts/data'
import type { ClientError } from './client-error.ts'

/** An order as its user sees it. */
export interface OrderView extends Omit<OrderViewNow, 'status'> {
  /** A status that this version knows, or one of a newer server: show that as text. */
  readonly status: OrderStatus | (string & {})
}

/** All orders of the user in numbers, whether the page has them or not. */
export interface TotalsView extends Omit<TotalsViewNow, 'orders'> {
  /** The number of orders by status; a status without orders is left out. */
  readonly orders: Readonly<Record<string, number>>
}

/** Why a token is requested: for the first time, before the current one expires, or because it has expired. */
export type TokenReason = 'initial' | 'expiring' | 'expired'

export interface TokenRequest {
  readonly reason: TokenReason
  /** Aborts when the token is no longer needed, or after 30 s. */
  readonly signal: AbortSignal
}

/** `token`, `getToken`, or both: then `token` is the first one. */
export interface ConnectOptions {
  /**
   * The gateway's URL: `wss://rt.example.com/ws`. `https` is replaced by `wss`; a path is relative to the page's host.
   */
  readonly url: string | URL
  /** A token from the panel's server. Without `getToken`, the client closes when it expires. */
  readonly token?: string
  /**
   * Fetches a token; called again before it expires. The client retries a failure with back-off, except for a
   * {@link ClientError} that is final.
   */
  readonly getToken?: (request: TokenRequest) => string | Promise<string>
  /** The user, if the page knows it: then tabs share a connection before the first token. */
  readonly userId?: string | number
  /**
   * The position at which the page's server rendered its rows, or at which the application saved its own state: the
   * client resumes from there and emits no snapshot, unless the position is too old.
   */
  readonly position?: Position
  /** `tabs`, the default: all tabs of a user share one connection. `none`: each has its own. */
  readonly share?: 'tabs' | 'none'
  /**
   * `auto`, the default: a WebSocket, or where the network blocks these, a `stream`, which is the response to one HTTP
   * request of `/stream` beside `/ws`.
   */
  readonly transport?: 'auto' | 'websocket' | 'stream'
  /**
   * For an application that keeps its own state across reloads: the client keeps its position, too, in
   * `sessionStorage`, and resumes. Without it a page starts with a snapshot. The position is saved right after all
   * listeners have received an event, so it always matches the state that a listener saves synchronously.
   */
  readonly resumeOverReload?: boolean
  /** Another place for the position; setting it turns `resumeOverReload` on, and null turns it off. */
  readonly storage?: Pick<Storage, 'getItem' | 'setItem'> | null
  /** Closes the client. */
  readonly signal?: AbortSignal
  /**
   * Logs what the client does to the console, or calls a function. Tokens, orders and amounts are never part of it, so that
   * the log of a user can be sent to support.
   */
  readonly debug?: boolean | ((message: string, details: Readonly<Record<string, unknown>>) => void)
}

/** Replace the displayed state. `account` is undefined when the user has none yet. */
export interface SnapshotEvent {
  readonly type: 'snapshot'
  readonly account: AccountView | undefined
  /** Open orders first, then the most recent ones: by default 200. */
  readonly orders: readonly OrderView[]
  /** Undefined without an account, and from older servers. */
  readonly totals: TotalsView | undefined
  /** Where the orders begin that are older: for {@link Client.page}. Undefined when there are none. */
  readonly older: string | undefined
  readonly position: Position
}

/** An order is new or has changed. */
export interface OrderChange {
  readonly type: 'order'
  readonly event: 'order.registered' | 'order.updated'
  readonly order: OrderView
  readonly seq: number
  /** ISO 8601. */
  readonly at: string
  /** Set when money was refunded; then `refund` is emitted, too. */
  readonly refund?: RefundView | undefined
  /** The account after the change; `account` is emitted, too. */
  readonly account: AccountView
  /** After the change; undefined from older servers. */
  readonly totals?: TotalsView | undefined
}

/** Money was refunded; emitted after the `order` that caused it. */
export interface RefundEvent {
  readonly type: 'refund'
  readonly refund: RefundView
  readonly order: OrderView
  readonly seq: number
  readonly at: string
}

/** The account after an event; emitted last. */
export interface AccountEvent {
  readonly type: 'account'
  readonly account: AccountView
  /** Of all orders; undefined from older servers. */
  readonly totals?: TotalsView | undefined
  readonly seq: number
}

/**
 * A change of a kind that this version does not know, from a newer server. If it contains the account, `account` is
 * emitted after it; nothing else is.
 */
export interface UnknownEvent {
  readonly type: 'event'
  /** The kind. A later version that knows it may emit another event instead. */
  readonly event: string
  readonly seq: number
  readonly at: string
  readonly account?: AccountView | undefined
  /** The whole event as the server sent it. */
  readonly data: Readonly<Record<string, unknown>>
}

/** Orders as of the client's position. */
export interface OrderPage {
  /** Newest first. */
  readonly orders: readonly OrderView[]
  /** Where the older ones begin; undefined when there are none. */
  readonly older: string | undefined
}

export interface StatusEvent {
  readonly type: 'status'
  readonly status: ConnectionStatus
}

export type ClientEvent = SnapshotEvent | OrderChange | RefundEvent | AccountEvent | UnknownEvent | StatusEvent
export type ClientEventType = ClientEvent['type']
export type ClientEventOf<Type extends ClientEventType> = Extract<ClientEvent, { type: Type }>

export interface ConnectionStatus {
  /**
   * `connecting` until it is `live` for the first time; `reconnecting` after that. `delayed`: connected, but the server
   * says that events are late by a second or more, until it is `live` again. `offline`: the browser reports that
   * there is no network. `closed` is final.
   */
  readonly state: 'connecting' | 'live' | 'delayed' | 'reconnecting' | 'offline' | 'closed'
  /** When the state began, in ms since 1970. */
  readonly sinceMs: number
  /** When the next retry is due, in ms since 1970. */
  readonly retryAtMs?: number | undefined
  /** The last error; undefined while `live`, and when the application closed the client. */
  readonly error?: ClientError | undefined
}

/**
 * A user's stream. Every event reaches the application exactly once and in order, across reconnects and in every tab.
 *
 * As an async iterable it yields all events from the start of the iteration, and ends when the client is closed. A loop
 * that falls more than 1,000 events behind fails with a `slow_consumer` error: no event is dropped silently.
 */
export interface Client extends AsyncIterable<ClientEvent> {
  /**
   * Calls a listener for each event of a type. Add listeners in the same task as `connect`, so that they miss nothing.
   *
   * @returns a function that removes the listener; the signal does so, too.
   */
  on<Type extends ClientEventType>(
    type: Type,
    listener: (event: ClientEventOf<Type>) => void,
    options?: { readonly signal?: AbortSignal },
  ): () => void
  readonly status: ConnectionStatus
  /** The position of the last event that was emitted: save it with your own state, to resume from it. */
  readonly position: Position | undefined
  /**
   * Reads older orders: those from a snapshot's or a page's `older` on, or the newest ones.
   *
   * @param options.limit at most 100; 50 by default.
   * @returns the orders as of `position`. While there is no connection, it waits for one.
   * @throws ClientError when the client is closed, or the server is too old.
   */
  page(options?: { readonly before?: string | undefined; readonly limit?: number | undefined }): Promise<OrderPage>
  /**
   * Reads orders by their ids, any number of them.
   *
   * @returns those that are the user's, in any order, as of `position`.
   * @throws like {@link Client.page}.
   */
  orders(ids: readonly string[]): Promise<readonly OrderView[]>
  close(): void
}

export type { AccountView, OrderStatus, Position, RefundView }
