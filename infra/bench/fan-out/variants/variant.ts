/** One way to bring events to browsers: a server, and how its clients and its publisher talk. */
export interface FanOutVariant {
  readonly name: string
  /** The server's script; it listens on `PORT`. */
  readonly script: string
  /** Where clients connect. */
  readonly path: string
  /** What a client says first. */
  hello(token: string, resume?: { readonly epoch: string; readonly seq: number }): string
  /** The messages of a frame, when it may hold several. */
  split?(payload: Buffer): Buffer[]
  /** What a message from the server means. */
  classify(message: Buffer): 'live' | 'event' | 'ping' | 'other'
  /** The answer to a ping. */
  readonly pong: string
  /** How an event for a user is published. */
  toMessage(userId: string, seq: number): { readonly channel: string; readonly message: string | Buffer }
  /** Where it is published, when that is not Redis: at the server itself. */
  connectPublisher?(port: number): Promise<Publisher>
}

/** Publishes without looking at the answers. */
export interface Publisher {
  publish(channel: string, message: string | Buffer): void
  close(): void
}

/** What clients' tokens are signed with. */
export const JWT_SECRET = 'a-secret-for-benchmarks-of-32-bytes-or-more'

/** Users of the benchmark are numbered from 1. */
export const userIdOf = (index: number): string => `user-${index + 1}`

/** An event of some 300 bytes. */
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
