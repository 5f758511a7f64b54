/** What one client may cost. Every number has its unit in its name. */
export interface Limits {
  readonly helloTimeoutMs: number
  readonly pingIntervalMs: number
  /** How long after a ping a sign of life must have come. */
  readonly pongTimeoutMs: number
  /** How long a connection outlives its token, so that a refresh may be late. */
  readonly tokenGraceMs: number
  /** More than this waiting to be read by the client closes its connection; resuming refills it. */
  readonly bufferedBytesMax: number
  /** Events that wait for a snapshot or for a gap to be filled. */
  readonly heldBytesMax: number
  /** Pings of the WebSocket protocol count, too. */
  readonly messagesPerSecondMax: number
  readonly messageBytesMax: number
  /** Each part of a message that is not complete yet is held with an overhead of more than 100 bytes. */
  readonly messageFragmentsMax: number
  readonly connectionsPerUserMax: number
  /** Of clients at one address. Loopback is exempt: it is a proxy on this machine. */
  readonly connectionsPerAddressMax: number
}

export const DEFAULT_LIMITS: Limits = {
  helloTimeoutMs: 5_000,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 10_000,
  tokenGraceMs: 25_000,
  bufferedBytesMax: 1024 * 1024,
  heldBytesMax: 1024 * 1024,
  messagesPerSecondMax: 20,
  messageBytesMax: 16 * 1024,
  messageFragmentsMax: 16,
  connectionsPerUserMax: 50,
  connectionsPerAddressMax: 1_000,
}
