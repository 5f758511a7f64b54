import { CLOCK_TOLERANCE_MS } from '../auth/token-verifier.ts'

/** Limits on the resources of one client. Every number has its unit in its name. */
export interface Limits {
  readonly helloTimeoutMs: number
  readonly pingIntervalMs: number
  /** The time within which a client must send a message after a ping. */
  readonly pongTimeoutMs: number
  /** How long a connection stays open after its token has expired: as long as `hello` accepts an expired token. */
  readonly tokenGraceMs: number
  /** The connection of a client with more unread bytes is closed; the client resumes. */
  readonly bufferedBytesMax: number
  /** The maximum size of the events that are held until the stream starts or a backfill completes. */
  readonly heldBytesMax: number
  /** Includes ping frames of the WebSocket protocol. */
  readonly messagesPerSecondMax: number
  readonly messageBytesMax: number
  /** `ws` keeps every fragment of an incomplete message, with an overhead of more than 100 bytes for each. */
  readonly messageFragmentsMax: number
  readonly connectionsPerUserMax: number
  /** Loopback is exempt, because it is a proxy on this machine. */
  readonly connectionsPerAddressMax: number
}

export const DEFAULT_LIMITS: Limits = {
  helloTimeoutMs: 5_000,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 10_000,
  tokenGraceMs: CLOCK_TOLERANCE_MS,
  bufferedBytesMax: 1024 * 1024,
  heldBytesMax: 1024 * 1024,
  messagesPerSecondMax: 20,
  messageBytesMax: 16 * 1024,
  messageFragmentsMax: 16,
  connectionsPerUserMax: 50,
  connectionsPerAddressMax: 1_000,
}
