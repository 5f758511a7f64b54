import {
  OPERATIONS_CLOSE_CODES,
  type OperationsCloseReason,
  type OperationsMessage,
  type OperatorServerMessage,
} from '@paxyo/contracts'
import type { WebSocket } from 'ws'
import { textFrame } from '../socket/text-frame.ts'
import type { Output } from '../socket/transport.ts'
import type { OperatorSession } from './operator-sessions.ts'

/** While more bytes than this are unread, messages are counted instead of sent. */
const UNREAD_BYTES_MAX = 256 * 1024
/** From so few unread bytes on, messages are no longer dropped. */
const UNREAD_BYTES_RESUME = 64 * 1024

export interface OperatorSocketOptions {
  readonly output: Output
  /** The address for which an invalid ticket counts; undefined when it is not known. */
  readonly address: string | undefined
  readonly now: number
}

/** The socket of one console. */
export class OperatorSocket {
  /** Undefined until the ticket was accepted. */
  session: OperatorSession | undefined
  /** When the socket was opened, or last showed that it is alive. */
  aliveAt: number
  hasSentHello = false
  readonly address: string | undefined
  readonly #socket: WebSocket
  readonly #output: Output
  #isSampling = false
  #dropped = { batches: 0, deliveries: 0 }

  constructor(socket: WebSocket, { output, address, now }: OperatorSocketOptions) {
    this.#socket = socket
    this.#output = output
    this.address = address
    this.aliveAt = now
  }

  /** Sends a message of the bus, or counts it when the console reads too slowly. @returns whether it was sent. */
  forward(message: OperationsMessage, bytes: Buffer): boolean {
    this.resume()
    if (!this.#isSampling && this.#output.writableLength <= UNREAD_BYTES_MAX) {
      this.#output.write(textFrame(bytes))
      return true
    }
    this.#isSampling = true
    if (message.type === 'batch') {
      this.#dropped.batches += 1
      this.#dropped.deliveries += Object.values(message.outcomes).reduce((sum, count) => sum + count, 0)
    }
    return false
  }

  /** Reports what was dropped, once the console has read enough. */
  resume(): void {
    if (!this.#isSampling || this.#output.writableLength > UNREAD_BYTES_RESUME) return
    this.send({ type: 'sampled', ...this.#dropped })
    this.#isSampling = false
    this.#dropped = { batches: 0, deliveries: 0 }
  }

  send(message: OperatorServerMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN)
      this.#output.write(textFrame(Buffer.from(JSON.stringify(message))))
  }

  /** Sends both pings: that of the protocol, to which the browser responds, and one that the page sees. */
  ping(): void {
    this.send({ type: 'ping' })
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }

  close(reason: OperationsCloseReason): void {
    this.#socket.close(OPERATIONS_CLOSE_CODES[reason].code, reason)
  }

  /** Ends a connection whose console does not respond. */
  terminate(): void {
    this.#socket.terminate()
  }
}
