import type { ClientMessage } from '@paxyo/contracts'
import { isReconnectable } from '@paxyo/contracts/data'
import { ClientError } from './client-error.ts'
import type { Explanation } from './why.ts'

/** `websocket`, or `stream`: the response to one HTTP request. */
export type LinkKind = 'websocket' | 'stream'

/** One way to the server. It opens once, ends once, and reports nothing after `close`. */
export interface Link {
  readonly kind: LinkKind
  /** A stream sends only once: `hello`, and what follows it. */
  send(...messages: readonly ClientMessage[]): void
  close(): void
}

export interface LinkHandlers {
  /** `hello` can be sent. Never called before the link was returned. */
  readonly onOpen: () => void
  readonly onMessage: (data: unknown) => void
  readonly onEnd: (end: LinkEnd) => void
}

/** How a link ended: with a close code of the contract, or with another one after a network error. */
export interface LinkEnd {
  readonly code: number
  /** The name of the close code in the contract; empty after a network error. */
  readonly reason: string
  /** What a server says that rejects a link. */
  readonly why?: Explanation | undefined
}

/** The close code of a network error. */
export const NETWORK_ERROR: LinkEnd = { code: 1006, reason: '' }

export function toError({ code, reason }: LinkEnd, message = `the connection was closed (${code})`): ClientError {
  return new ClientError(reason || 'connection_lost', message, { final: !isReconnectable(code) })
}
