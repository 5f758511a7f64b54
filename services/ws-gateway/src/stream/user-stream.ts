import type { ConnectionReport } from '@paxyo/contracts'
import type { StreamStart } from '../read/stream-reader.ts'

/** Receives a user's stream. */
export interface StreamListener {
  /** The seq of the last event that it has; `undefined` before `begin`. */
  readonly lastSeq: number | undefined
  /** The `jti` of its token; undefined for a token without it. */
  readonly tokenId: string | undefined
  /** Whether it holds events that it can't forward before it gets the missing ones. */
  readonly hasGap: boolean
  /** Sets since when events may be late, in ms since 1970; undefined when they are not. May be called before `begin`. */
  setDelay(sinceMs: number | undefined): void
  /** Sets where its stream starts; events may have been offered before. */
  begin(start: StreamStart): void
  offer(seq: number, bytes: Buffer): void
  /** Its stream can't continue; the client must reconnect. */
  fail(): void
  /**
   * Closes the connection if its token was issued before this time, in ms since 1970. It takes no such token later, either.
   *
   * @returns whether it closes the connection.
   */
  revokeTokens(issuedBeforeMs: number): boolean
  /** Closes the connection if it has the token. @returns whether it closes the connection. */
  revokeToken(tokenId: string): boolean
  /** Closes the connection; the client may reconnect. */
  disconnect(): void
  report(): ConnectionReport
}

/** The events of a connected user, with the connections that receive them. */
export interface Stream {
  readonly userId: string
  readonly listeners: Set<StreamListener>
  /** Whether the bus has acknowledged the subscription. */
  isSubscribed: boolean
  /** Since when the stream waits for the acknowledgement of a bus that was silent. */
  unsubscribedSinceMs: number | undefined
  /** When an event was last offered to its listeners; undefined when this has been reported. */
  sentAt: number | undefined
  backfilling: Promise<void> | undefined
  /** Events may have been missed since the current backfill began. */
  backfillAgain: boolean
}

/** The lowest `lastSeq` of the listeners; `Infinity` when none has begun. */
export function lowestSeq({ listeners }: Stream): number {
  return Math.min(...[...listeners].flatMap(({ lastSeq }) => lastSeq ?? []))
}

/** The highest `lastSeq`, and how many listeners have it. */
export function furthest({ listeners }: Stream): { seq: number; connections: number } {
  let seq = 0
  let connections = 0
  for (const { lastSeq = 0 } of listeners) {
    if (lastSeq > seq) {
      seq = lastSeq
      connections = 0
    }
    if (lastSeq === seq && seq > 0) connections += 1
  }
  return { seq, connections }
}

export function hasGap(stream: Stream): boolean {
  for (const listener of stream.listeners) if (listener.hasGap) return true
  return false
}

/** Offers an event to all listeners. @returns whether one of them did not have it; the bus and a read can both bring it. */
export function offerAll({ listeners }: Stream, seq: number, bytes: Buffer): boolean {
  let isNew = false
  for (const listener of listeners) {
    isNew ||= (listener.lastSeq ?? 0) < seq
    listener.offer(seq, bytes)
  }
  return isNew
}

/** The stream can't continue for those that have begun. */
export function failAll(stream: Stream): void {
  for (const listener of stream.listeners) if (listener.lastSeq !== undefined) listener.fail()
}
