import type { CloseReason } from '@paxyo/contracts'

/** `websocket`, or `stream`: an HTTP stream, which is the response to one request. */
export type TransportKind = 'websocket' | 'stream'

/** How a connection's messages reach its client. The connection decides what is sent and when; a transport only frames it. */
export interface Transport {
  readonly kind: TransportKind
  /** Sent bytes that are still in this process, because the client or the network is slow. */
  readonly unreadBytes: number
  /**
   * Sends nothing once the client has gone.
   *
   * @param payload a message as JSON text, without line breaks.
   * @returns `unreadBytes`, with this message.
   */
  send(payload: Buffer): number
  /** What is sent until `uncork` needs few writes. */
  cork(): void
  uncork(): void
  /** Ends the connection after everything that was sent, and gives the client the reason with its close code. */
  close(reason: CloseReason): void
  /** Disconnects at once, and drops the unread bytes. */
  abort(): void
}

/** The part of a socket, or of an HTTP response, that takes bytes. */
export interface Output {
  readonly writableLength: number
  write(bytes: Buffer): boolean
  cork(): void
  uncork(): void
}

/** A corked output that buffers more bytes than this writes them to the network. */
export const CORKED_BYTES_MAX = 64 * 1024
