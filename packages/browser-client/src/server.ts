import type { Welcome } from '@paxyo/contracts'
import { PROTOCOL_VERSION } from '@paxyo/contracts/data'
import { ClientError } from './client-error.ts'
import type { Input } from './connection-state.ts'
import type { OrderResponse } from './order-requests.ts'
import type { ReceivedEvent, ReceivedMessage } from './wire.ts'

export interface ServerDeps {
  readonly input: (input: Input) => void
  pong(): void
  /** @returns an error to reject the connection. */
  onWelcome(welcome: Welcome): ClientError | undefined
  onEvent(event: ReceivedEvent): void
  onOrders(response: OrderResponse): void
  onPing(): void
  onDrain(retryAfterMs: number): void
}

/** What the server of the current link says, and what it can do. */
export interface Server {
  /** The message of the server's `error`, which it sends before it closes. */
  readonly error: string | undefined
  /** Of the last welcome. */
  readonly epoch: string
  /** Whether its protocol has what was added by a revision. */
  supports(revision: number): boolean
  /** @param message undefined for one that could not be read. */
  receive(message: ReceivedMessage | undefined): void
  /** Another link is opened. */
  forgetError(): void
}

export function createServer(deps: ServerDeps): Server {
  const { input } = deps
  let error: string | undefined
  let revision = 0
  let epoch = ''

  function receive(message: ReceivedMessage | undefined): void {
    switch (message?.type) {
      case undefined:
        return input({ type: 'lost', error: new ClientError('bad_message', 'a message could not be read') })
      case 'ping':
        deps.pong()
        return deps.onPing()
      case 'welcome':
        return welcome(message)
      case 'event':
        return deps.onEvent(message)
      case 'drain':
        return deps.onDrain(message.retryAfterMs)
      case 'delayed':
      case 'live':
        return input({ type: 'delay', isDelayed: message.type === 'delayed' })
      case 'page':
      case 'orders':
        return deps.onOrders(message)
      case 'error':
        return receiveError(message)
    }
  }

  function receiveError(message: Extract<ReceivedMessage, { type: 'error' }>): void {
    if (message.request === 'page' || message.request === 'orders') return deps.onOrders(message)
    if (message.request === 'refresh') {
      return input({ type: 'token_rejected', error: new ClientError(message.code, message.message) })
    }
    // Errors about other messages do not end the connection either.
    if (message.request === undefined) error = message.message
  }

  function welcome(message: Welcome): void {
    // An older server sends no minimum, and supports newer clients.
    const { minProtocol = 1 } = message
    const rejection =
      PROTOCOL_VERSION < minProtocol
        ? new ClientError('protocol_version', `protocol ${PROTOCOL_VERSION} is not served`, { final: true })
        : deps.onWelcome(message)
    if (rejection !== undefined) return input({ type: 'fail', error: rejection })
    revision = message.revision ?? 0
    epoch = message.epoch
    input({ type: 'welcome' })
  }

  return {
    get error() {
      return error
    },
    get epoch() {
      return epoch
    },
    supports: (wanted) => revision >= wanted,
    receive,
    forgetError() {
      error = undefined
    },
  }
}
