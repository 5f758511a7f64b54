import {
  CLOSE_CODES,
  PROTOCOL_REVISION,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type ClientMessage,
  type CloseReason,
  type Position,
  type ServerMessage,
} from '@paxyo/contracts'
import type { Logger } from 'pino'
import type { FailureThrottle, TraceFields } from '@paxyo/service-kit'
import type { Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Identity, TokenVerifier } from '../auth/token-verifier.ts'
import type { StreamStart } from '../read/stream-reader.ts'
import type { OrderReader } from '../read/user-orders.ts'
import type { GatewayMetrics } from '../observe/metrics.ts'
import type { Hub } from '../stream/hub.ts'
import type { StreamListener } from '../stream/user-stream.ts'
import { Sequencer } from '../stream/sequencer.ts'
import type { Limits } from './limits.ts'
import { OrderRequests, type OrderRequest } from './order-requests.ts'
import { readClientMessage } from './read-client-message.ts'
import { textFrame } from './text-frame.ts'

export interface ConnectionDeps {
  readonly hub: Hub
  readonly orderReader: OrderReader
  readonly verifyToken: TokenVerifier
  readonly limits: Limits
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly log: Logger
  readonly metrics: Pick<GatewayMetrics, 'eventsSent' | 'streamJoined' | 'connectionClosed'>
  /** Counts an invalid token of an address. @returns the seconds until the address may send another one. */
  readonly tokenFailed: FailureThrottle['failed']
  /** Counts a connection of a user. @returns false when the user has too many connections. */
  readonly admitUser: (userId: string) => boolean
}

/** What the upgrade request says of a connection. */
export interface ConnectionOrigin {
  /** The address for which an invalid token counts; undefined when it is not known. */
  readonly address: string | undefined
  /** From the `traceparent` header of the upgrade request. A proxy can set it; a browser cannot. */
  readonly trace?: TraceFields | undefined
}

/** A corked transport that buffers more bytes than this writes them to the network. */
const CORKED_BYTES_MAX = 64 * 1024

const PING = toFrame({ type: 'ping' })
const LIVE = toFrame({ type: 'live' })

/**
 * One browser's connection: waiting for hello → joining its user's stream → live → closed. It has no timers; the socket
 * server calls `tick` once a second.
 */
export class Connection implements StreamListener {
  readonly #socket: WebSocket
  readonly #transport: Writable
  readonly #deps: ConnectionDeps
  readonly #sequencer: Sequencer
  readonly #openedAt: number
  readonly #origin: ConnectionOrigin
  /** When it reaches its maximum age. */
  readonly #endsAt: number
  /** Set by hello, and again by refresh. */
  #identity: Identity | undefined
  /** Set by welcome. */
  #epoch: string | undefined
  /** Created by the first request, which most connections never send. */
  #orderRequests: OrderRequests | undefined
  #hasReceivedHello = false
  #helloAt = 0
  #isDelayed = false
  /** Unread bytes of the welcome and the missed events: they do not count, because the client did not ask for their size. */
  #welcomeBytes = 0
  #isBeginning = false
  #isClosed = false
  #receivedAt: number
  #pingedAt: number
  /** Messages received in the second that began at `#secondStartedAt`. */
  #messagesInSecond = 0
  #secondStartedAt = 0

  /**
   * @param transport the stream that the WebSocket writes to. The connection writes its frames to it directly, each in one
   * write, where `ws` needs two. These frames never split one of `ws`: without compression, `ws` writes a frame at
   * once.
   */
  constructor(socket: WebSocket, transport: Writable, deps: ConnectionDeps, origin: ConnectionOrigin) {
    this.#socket = socket
    this.#transport = transport
    this.#origin = origin
    this.#deps = deps
    this.#sequencer = new Sequencer(deps.limits.heldBytesMax)
    this.#openedAt = this.#receivedAt = deps.now()
    this.#endsAt = this.#openedAt + (deps.limits.connectionAgeMsMax / 2) * (1 + deps.random())
    // Spreads the pings of clients that connected at the same time.
    this.#pingedAt = this.#openedAt - deps.random() * deps.limits.pingIntervalMs
  }

  get userId(): string | undefined {
    return this.#identity?.userId
  }

  get lastSeq(): number | undefined {
    return this.#sequencer.last
  }

  get hasGap(): boolean {
    return this.#sequencer.hasGap
  }

  /** Handles a message of the browser. */
  receive(data: RawData, isBinary: boolean): void {
    if (!this.#admitMessage()) return this.close('rate_limited')
    const message = isBinary ? 'malformed' : readClientMessage((data as Buffer).toString())
    if (message === 'malformed') return this.close('protocol_error')
    // A newer client may send message types that this gateway does not know.
    if (message === 'unknown') return
    switch (message.type) {
      case 'hello':
        return void this.#hello(message)
      case 'refresh':
        return void this.#refresh(message.token)
      case 'pong':
        return
      case 'check':
        return this.#send(PING)
      case 'page':
      case 'orders':
        return void this.#requestOrders(message)
    }
  }

  /** Handles a ping frame of the WebSocket protocol, which browsers never send. */
  receivePing(data: Buffer): void {
    if (!this.#admitMessage()) return this.close('rate_limited')
    this.#socket.pong(data)
  }

  /** Closes the connection when a deadline has passed, and sends a ping when one is due. */
  tick(now: number): void {
    const { helloTimeoutMs, pingIntervalMs, pongTimeoutMs, tokenGraceMs } = this.#deps.limits
    if (!this.#hasReceivedHello) {
      if (now - this.#openedAt >= helloTimeoutMs) this.close('hello_timeout')
      return
    }
    if (this.#identity !== undefined && now >= this.#identity.expiresAtMs + tokenGraceMs) {
      return this.close('token_expired')
    }
    if (now >= this.#endsAt) {
      this.announceDrain(0)
      return this.close('draining')
    }
    if (this.#receivedAt < this.#pingedAt && now - this.#pingedAt >= pongTimeoutMs) return this.close('ping_timeout')
    if (now - this.#pingedAt >= pingIntervalMs) {
      this.#pingedAt = now
      this.#send(PING)
    }
  }

  setDelay(sinceMs: number | undefined): void {
    const wasDelayed = this.#isDelayed
    this.#isDelayed = sinceMs !== undefined
    if (this.#isDelayed === wasDelayed) return
    if (sinceMs === undefined) this.#send(LIVE)
    else this.#sendMessage({ type: 'delayed', since: new Date(sinceMs).toISOString() })
  }

  begin(start: StreamStart): void {
    const userId = this.#identity!.userId
    const { mode, epoch, seq } = start
    this.#deps.metrics.streamJoined(mode, this.#deps.now() - this.#helloAt)
    this.#epoch = epoch
    this.#isBeginning = true
    // Corked, so that the welcome and the missed events need few writes.
    this.#transport.cork()
    this.#sendMessage({
      type: 'welcome',
      protocol: PROTOCOL_VERSION,
      minProtocol: PROTOCOL_VERSION_MIN,
      revision: PROTOCOL_REVISION,
      userId,
      epoch,
      seq,
      mode,
      ...(start.mode === 'snapshot' ? snapshotFields(start) : {}),
      pingIntervalMs: this.#deps.limits.pingIntervalMs,
    })
    this.#sendAll(this.#sequencer.start(seq))
    if (start.mode === 'resumed') for (const event of start.events) this.offer(event.seq, event.bytes)
    this.#transport.uncork()
    this.#isBeginning = false
    this.#welcomeBytes = this.#transport.writableLength
  }

  offer(seq: number, bytes: Buffer): void {
    this.#sendAll(this.#sequencer.offer(seq, bytes))
  }

  fail(): void {
    this.close('unavailable')
  }

  /** Sends the browser the time to wait before it reconnects; the connection stays open until it is closed. */
  announceDrain(retryAfterMs: number): void {
    this.#sendMessage({ type: 'drain', retryAfterMs })
  }

  close(reason: CloseReason): void {
    if (this.#isClosed) return
    if (reason !== 'slow_consumer') this.#sendError(reason)
    this.closed(reason)
    this.#socket.close(CLOSE_CODES[reason].code, reason)
  }

  /**
   * Counts the end, once, and leaves the stream. For when the gateway closes the connection, and when the socket has
   * closed.
   */
  closed(reason: CloseReason | number): void {
    if (!this.#isClosed) this.#deps.metrics.connectionClosed(reason)
    this.#isClosed = true
    if (this.#identity !== undefined) this.#deps.hub.leave(this.#identity.userId, this)
  }

  /** Counts a received message and notes its time. @returns false when it is one too many in this second. */
  #admitMessage(): boolean {
    const now = this.#deps.now()
    this.#receivedAt = now
    if (now - this.#secondStartedAt >= 1000) {
      this.#secondStartedAt = now
      this.#messagesInSecond = 0
    }
    this.#messagesInSecond += 1
    return this.#messagesInSecond <= this.#deps.limits.messagesPerSecondMax
  }

  async #hello({ token, resume }: Extract<ClientMessage, { type: 'hello' }>): Promise<void> {
    if (this.#hasReceivedHello) return this.close('protocol_error')
    this.#hasReceivedHello = true
    this.#helloAt = this.#deps.now()
    const identity = await this.#deps.verifyToken(token, this.#deps.now())
    if (this.#isClosed) return
    if (typeof identity === 'string') return this.close(this.#isThrottled(identity) ? 'rate_limited' : identity)
    if (!this.#deps.admitUser(identity.userId)) return this.close('connection_limit')
    this.#identity = identity
    await this.#join(identity.userId, resume)
  }

  async #join(userId: string, position: Position | undefined): Promise<void> {
    try {
      await this.#deps.hub.join(userId, this, position)
    } catch (error) {
      this.#deps.log.warn({ ...this.#origin.trace, err: error, userId }, 'stream join failed')
      this.close('unavailable')
    }
  }

  async #refresh(token: string): Promise<void> {
    if (this.#identity === undefined) return this.close('protocol_error')
    const identity = await this.#deps.verifyToken(token, this.#deps.now())
    if (this.#isClosed) return
    // The connection lives until its present token ends; until then the client can send a better one.
    if (typeof identity === 'string') {
      if (this.#isThrottled(identity)) return this.close('rate_limited')
      return this.#sendError(identity, { request: 'refresh' })
    }
    // A connection can't change its user.
    if (identity.userId !== this.#identity.userId) return this.close('invalid_token')
    this.#identity = identity
  }

  #requestOrders(request: OrderRequest): Promise<void> | void {
    const userId = this.userId
    const epoch = this.#epoch
    if (userId === undefined || epoch === undefined) return this.close('protocol_error')
    const { orderReader: reader, limits, now } = this.#deps
    this.#orderRequests ??= new OrderRequests({
      reader,
      limits,
      now,
      send: (message) => this.#sendMessage(message),
      fail: () => this.fail(),
      isOpen: () => !this.#isClosed,
    })
    return this.#orderRequests.handle(request, { userId, epoch })
  }

  /** Counts an invalid token against the address that sent it. */
  #isThrottled(reason: CloseReason): boolean {
    return reason === 'invalid_token' && this.#deps.tokenFailed(this.#origin.address) > 0
  }

  #sendAll(events: readonly Buffer[]): void {
    this.#deps.metrics.eventsSent += events.length
    for (const bytes of events) this.#send(textFrame(bytes))
  }

  #sendError(reason: CloseReason, more: { readonly request?: string } = {}): void {
    this.#sendMessage({ type: 'error', code: reason, message: CLOSE_CODES[reason].meaning, ...more })
  }

  #sendMessage(message: ServerMessage): void {
    this.#send(toFrame(message))
  }

  #send(frame: Buffer): void {
    if (this.#isClosed || this.#socket.readyState !== this.#socket.OPEN) return
    // The welcome is first in the buffer, so that no more of it is left than the buffer contains.
    this.#welcomeBytes = Math.min(this.#welcomeBytes, this.#transport.writableLength)
    this.#transport.write(frame)
    if (this.#transport.writableCorked > 0 && this.#transport.writableLength > CORKED_BYTES_MAX) {
      this.#transport.uncork()
      this.#transport.cork()
    }
    // Checked after writing, so that a slow client gets whole frames in order until the close, and then resumes.
    const unreadBytes = this.#transport.writableLength - this.#welcomeBytes
    if (!this.#isBeginning && unreadBytes > this.#deps.limits.bufferedBytesMax) this.close('slow_consumer')
  }
}

function snapshotFields({ account, orders, totals, older }: Extract<StreamStart, { mode: 'snapshot' }>) {
  return {
    ...(account === undefined ? {} : { account }),
    orders: [...orders],
    ...(totals === undefined ? {} : { totals }),
    ...(older === undefined ? {} : { older }),
  }
}

function toFrame(message: ServerMessage): Buffer {
  return textFrame(Buffer.from(JSON.stringify(message)))
}
