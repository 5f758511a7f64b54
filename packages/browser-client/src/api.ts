import type { AccountView, OrderView as OrderViewNow, Position, RefundView } from '@paxyo/contracts'
import type { OrderStatus } from '@paxyo/contracts/data'
import type { ClientError } from './client-error.ts'

/** An order as its user sees it. */
export interface OrderView extends Omit<OrderViewNow, 'status'> {
  /** One of the statuses that this version knows, or one that a newer server has: show that as text. */
  readonly status: OrderStatus | (string & {})
}

/** Why a token is asked for: for the first time, before the present one expires, or because it has expired. */
export type TokenReason = 'initial' | 'expiring' | 'expired'

export interface TokenRequest {
  readonly reason: TokenReason
  /** Fires when the answer is no longer wanted, or has taken longer than 30 s. */
  readonly signal: AbortSignal
}

/** Either `token`, or `getToken`, or both: then `token` is the first one. */
export interface ConnectOptions {
  /** Where the gateway is: `wss://rt.example.com/ws`. `https` is taken for `wss`; a path is that of the page's host. */
  readonly url: string | URL
  /** A token of the panel's server. Without `getToken` the client ends when it expires. */
  readonly token?: string
  /**
   * Fetches a token; called again before it expires. A failure is tried again with back-off, but for a
   * {@link ClientError} that is final.
   */
  readonly getToken?: (request: TokenRequest) => string | Promise<string>
  /** Whose stream it is, when the page knows: tabs share a connection before the first token then. */
  readonly userId?: string
  /**
   * The place in the stream at which the page's server rendered its rows, or at which the application saved its own
   * state: the client resumes from there and sends no snapshot, unless the place is too old.
   */
  readonly position?: Position
  /** `tabs`, the default: all tabs of a user share one connection. `none`: each has its own. */
  readonly share?: 'tabs' | 'none'
  /**
   * For an application that keeps its own state over a reload: the client keeps its position too, in `sessionStorage`,
   * and resumes. Without it a page begins with a snapshot. The position is saved right after all listeners have seen an
   * event, so a listener that saves the state at once never falls apart with it.
   */
  readonly resumeOverReload?: boolean
  /** Where the position is kept instead; giving one turns `resumeOverReload` on, and null turns it off. */
  readonly storage?: Pick<Storage, 'getItem' | 'setItem'> | null
  /** Closes the client. */
  readonly signal?: AbortSignal
}

/** Replace everything that is shown. `account` is absent when the user has none yet. */
export interface SnapshotEvent {
  readonly type: 'snapshot'
  readonly account: AccountView | undefined
  /** Open orders first, then the most recent ones: 200 unless the server is set otherwise. */
  readonly orders: readonly OrderView[]
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
  /** There when money moved; `refund` is emitted too. */
  readonly refund?: RefundView | undefined
  /** The account after it; `account` is emitted too. */
  readonly account: AccountView
}

/** Money came back; emitted after the `order` that caused it. */
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
  readonly seq: number
}

/**
 * A change of a kind that this version does not know: the server is newer. Nothing else is emitted for it but `account`,
 * after it, when it says what the account is.
 */
export interface UnknownEvent {
  readonly type: 'event'
  /** The kind. A later version that knows it may emit something else instead. */
  readonly event: string
  readonly seq: number
  readonly at: string
  readonly account?: AccountView | undefined
  /** The whole event as the server sent it. */
  readonly data: Readonly<Record<string, unknown>>
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
   * `connecting` until the first time it is `live`; `reconnecting` after that. `offline`: the browser says that there
   * is no network. `closed` is for good.
   */
  readonly state: 'connecting' | 'live' | 'reconnecting' | 'offline' | 'closed'
  /** When it became so, in ms since 1970. */
  readonly sinceMs: number
  /** When it will be tried again, in ms since 1970. */
  readonly retryAtMs?: number | undefined
  /** What went wrong last; absent while `live`, and when the application closed it. */
  readonly error?: ClientError | undefined
}

/**
 * A user's stream. Every event reaches the application exactly once and in order, over reconnects and in every tab.
 *
 * As an async iterable it yields all events from the moment the iteration begins, and ends when the client is closed. A
 * loop that falls more than 1,000 events behind is ended with a `slow_consumer` error: nothing is dropped silently.
 */
export interface Client extends AsyncIterable<ClientEvent> {
  /**
   * Calls a listener for each event of a type. Add listeners in the same task as `connect`, so that they miss nothing.
   *
   * @returns what removes the listener; the signal does so too.
   */
  on<Type extends ClientEventType>(
    type: Type,
    listener: (event: ClientEventOf<Type>) => void,
    options?: { readonly signal?: AbortSignal },
  ): () => void
  readonly status: ConnectionStatus
  /** The last event that the application was given; what to save with one's own state, to resume from. */
  readonly position: Position | undefined
  close(): void
}

export type { AccountView, OrderStatus, Position, RefundView }
