import type { openRawWebSocket } from '../../load/raw-web-socket.ts'

/** One way to deliver events to browsers: a server, and the protocol of its clients and its publisher. */
export interface FanOutVariant {
  readonly name: string
  /** The server's script; it listens on `PORT`. */
  readonly script: string
  /** Its variables, in addition to those of all. */
  readonly env?: Readonly<Record<string, string>>
  /** The path to which clients connect. */
  readonly path: string
  /** Whether the user's id follows the path. */
  readonly isUserInPath?: boolean
  /** Opens a client's connection; a WebSocket by default. */
  readonly open?: typeof openRawWebSocket
  /** A client's first message; empty when it is live without one. */
  hello(token: string, resume?: { readonly epoch: string; readonly seq: number }): string
  /** The messages of a frame, when it can contain several. */
  split?(payload: Buffer): Buffer[]
  /** The kind of a message from the server. */
  classify(message: Buffer): 'live' | 'event' | 'ping' | 'other'
  /** The response to a ping. */
  readonly pong: string
  /** The message that publishes an event to a user. */
  toMessage(userId: string, seq: number): { readonly channel: string; readonly message: string | Buffer }
  /** Events in flight when there are as many as it can deliver; more when publishing has a longer way. 1,000 by default. */
  readonly inFlightMax?: number
  /** For variants that do not publish through Redis' pub/sub. */
  connectPublisher?(port: number, redisUrl: string): Promise<Publisher>
}

/** Publishes and ignores the responses. */
export interface Publisher {
  publish(channel: string, message: string | Buffer): void
  close(): void
}

/** The key that signs clients' tokens. */
export const JWT_SECRET = 'a-secret-for-benchmarks-of-32-bytes-or-more'

/** Users of the benchmark are numbered from 1. */
export const userIdOf = (index: number): string => `user-${index + 1}`

/** An event of about 300 bytes. */
export function eventText(seq: number): string {
  return `{"type":"event","seq":${seq},${REST}}`
}

const REST = JSON.stringify({
  event: 'order.updated',
  order: {
    orderId: 'order-1',
    providerOrderId: '1',
    service: 'Instagram followers',
    status: 'in_progress',
    remains: 1,
  },
  at: '2026-11-23T04:10:11.123Z',
  account: { balance: '12.5', currency: 'USD' },
  link: 'https://instagram.com/somebody-with-a-name-that-fills-the-rest',
}).slice(1, -1)
