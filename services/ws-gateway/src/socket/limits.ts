import { CLOCK_TOLERANCE_MS } from '../auth/token-verifier.ts'
import { WELCOME_BYTES_MAX } from '../read/stream-reader.ts'

/** Limits on the resources of one client, and of all of them. Every number has its unit in its name. */
export interface Limits {
  readonly helloTimeoutMs: number
  readonly pingIntervalMs: number
  /**
   * The maximum age of a connection; each ends at a random time in the second half. Connections thereby move to gateways
   * that were added, and to the current process of a proxy that was reloaded.
   */
  readonly connectionAgeMsMax: number
  /**
   * The maximum age of an HTTP stream. It is shorter, because a client that vanished without closing its HTTP stream is
   * noticed only then: it does not respond to pings.
   */
  readonly streamAgeMsMax: number
  /** How long an HTTP stream stays open after its time to reconnect, for its client to open another one; less in a short drain. */
  readonly drainOverlapMs: number
  /** The time within which a client with a WebSocket must send a message after a ping. */
  readonly pongTimeoutMs: number
  /** How long a connection stays open after its token has expired: as long as `hello` accepts an expired token. */
  readonly tokenGraceMs: number
  /** A connection whose client has more unread bytes is closed; the client resumes. The welcome does not count. */
  readonly unreadBytesPerConnectionMax: number
  /** The maximum size of the orders in a welcome, and of the missed events after it. The rest is read with `page`. */
  readonly welcomeBytesMax: number
  /** While the connections of a user have so many unread bytes, its joins wait, and its requests for orders are rejected. */
  readonly unreadBytesPerUserMax: number
  /** Of all connections. Beyond it, connections of the users with the most unread bytes are cut, the largest ones first. */
  readonly unreadBytesTotalMax: number
  /** The maximum size of a connection's events that are held until the welcome is sent or a backfill completes. */
  readonly heldBytesMax: number
  /** Includes ping frames of the WebSocket protocol. */
  readonly messagesPerSecondMax: number
  /** Requests for older orders, of one connection: on average, and at once. */
  readonly orderRequestsPerSecond: number
  readonly orderRequestsBurstMax: number
  readonly messageBytesMax: number
  /** `ws` keeps every fragment of an incomplete message, with an overhead of more than 100 bytes for each. */
  readonly messageFragmentsMax: number
  readonly connectionsPerUserMax: number
  /** How many connections a user can open at once, and again over the time; further ones wait for their welcome. */
  readonly joinsPerUserMax: number
  readonly joinsRefillMs: number
  /** Loopback is exempt, because it is a proxy on this machine. */
  readonly connectionsPerAddressMax: number
  readonly connectionsMax: number
  /** Further handshakes are rejected, so that a reconnect storm does not delay the clients that are connected. */
  readonly handshakesPerSecondMax: number
}

export const DEFAULT_LIMITS: Limits = {
  helloTimeoutMs: 5_000,
  pingIntervalMs: 25_000,
  connectionAgeMsMax: 3_600_000,
  streamAgeMsMax: 600_000,
  drainOverlapMs: 10_000,
  pongTimeoutMs: 10_000,
  tokenGraceMs: CLOCK_TOLERANCE_MS,
  unreadBytesPerConnectionMax: 1024 * 1024,
  welcomeBytesMax: WELCOME_BYTES_MAX,
  unreadBytesPerUserMax: 4 * WELCOME_BYTES_MAX,
  unreadBytesTotalMax: 64 * 1024 * 1024,
  heldBytesMax: 1024 * 1024,
  messagesPerSecondMax: 20,
  orderRequestsPerSecond: 2,
  orderRequestsBurstMax: 10,
  messageBytesMax: 16 * 1024,
  messageFragmentsMax: 16,
  connectionsPerUserMax: 50,
  joinsPerUserMax: 50,
  joinsRefillMs: 10_000,
  connectionsPerAddressMax: 1_000,
  connectionsMax: 50_000,
  handshakesPerSecondMax: 1_000,
}
