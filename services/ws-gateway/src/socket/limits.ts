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
  readonly messagesPerSecondMax: number
  readonly messageBytesMax: number
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
  connectionsPerUserMax: 50,
  connectionsPerAddressMax: 1_000,
}
