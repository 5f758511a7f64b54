import {
  CLOSE_CODES,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type ClientMessage,
  type CloseReason,
  type Position,
  type ServerMessage,
} from '@paxyo/contracts'
import type { Logger } from 'pino'
import type { TraceFields } from '@paxyo/service-kit'
import type { Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Identity, TokenVerifier } from '../auth/token-verifier.ts'
import type { StreamStart } from '../read/stream-reader.ts'
import type { GatewayMetrics } from '../observe/metrics.ts'
import type { Follower, Hub } from '../stream/hub.ts'
import { Sequencer } from '../stream/sequencer.ts'
import type { Limits } from './limits.ts'
import { readClientMessage } from './read-client-message.ts'
import { textFrame } from './text-frame.ts'

export interface ConnectionDeps {
  readonly hub: Hub
  readonly verifyToken: TokenVerifier
  readonly limits: Limits
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly log: Logger
  readonly metrics: Pick<GatewayMetrics, 'eventsSent' | 'streamJoined' | 'connectionClosed'>
  /** Counts a user in, unless there are too many connections of that user. */
  readonly admitUser: (userId: string) => boolean
}

/** How much of what goes out together is gathered before it is offered to the network. */
const CORKED_BYTES_MAX = 64 * 1024

const PING = toFrame({ type: 'ping' })

/**
 * One browser's connection: waiting for hello → joining its user's stream → live → closed. It has no timer of its own;
 * `tick` is called once a second.
 */
export class Connection implements Follower {
  readonly #socket: WebSocket
  readonly #transport: Writable
  readonly #deps: ConnectionDeps
  readonly #sequencer: Sequencer
  readonly #openedAt: number
  /** Whose part this connection is, when the proxy before us said so: a browser can't. */
  readonly #trace: TraceFields | undefined
  /** Set by hello, and again by refresh. */
  #identity: Identity | undefined
  #saidHello = false
  #saidHelloAt = 0
  #isClosed = false
  #heardAt: number
  #pingedAt: number
  /** Messages received in the second that began at `#secondAt`. */
  #messagesInSecond = 0
  #secondAt = 0

  /**
   * @param transport what the WebSocket writes to. Frames of ours go there at once, each whole, in one write instead of
   * two; `ws` compresses nothing here, so its own frames are whole, too.
   */
  constructor(socket: WebSocket, transport: Writable, deps: ConnectionDeps, trace?: TraceFields) {
    this.#socket = socket
    this.#transport = transport
    this.#trace = trace
    this.#deps = deps
    this.#sequencer = new Sequencer(deps.limits.heldBytesMax)
    this.#openedAt = this.#heardAt = deps.now()
    // Those who came in the same second must not be pinged in the same second for ever.
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

  /** A message has come from the browser. */
  receive(data: RawData, isBinary: boolean): void {
    if (this.#isTooMuch()) return this.close('rate_limited')
    const message = isBinary ? 'malformed' : readClientMessage((data as Buffer).toString())
    if (message === 'malformed') return this.close('protocol_error')
    // A newer client says more than this gateway knows.
    if (message === 'unknown') return
    switch (message.type) {
      case 'hello':
        return void this.#hello(message)
      case 'refresh':
        return void this.#refresh(message.token)
      case 'pong':
        return
    }
  }

  /** A ping of the WebSocket protocol itself has come, which browsers never send. */
  receivePing(data: Buffer): void {
    if (this.#isTooMuch()) return this.close('rate_limited')
    this.#socket.pong(data)
  }

  /** Sees to all deadlines. */
  tick(now: number): void {
    const { helloTimeoutMs, pingIntervalMs, pongTimeoutMs, tokenGraceMs } = this.#deps.limits
    if (!this.#saidHello) {
      if (now - this.#openedAt >= helloTimeoutMs) this.close('hello_timeout')
      return
    }
    if (this.#identity !== undefined && now >= this.#identity.expiresAtMs + tokenGraceMs) {
      return this.close('token_expired')
    }
    if (this.#heardAt < this.#pingedAt && now - this.#pingedAt >= pongTimeoutMs) return this.close('ping_timeout')
    if (now - this.#pingedAt >= pingIntervalMs) {
      this.#pingedAt = now
      this.#send(PING)
    }
  }

  begin(start: StreamStart): void {
    const userId = this.#identity!.userId
    const { mode, epoch, seq } = start
    this.#deps.metrics.streamJoined(mode, this.#deps.now() - this.#saidHelloAt)
    // What it has missed leaves in few writes.
    this.#transport.cork()
    this.#sendMessage({
      type: 'welcome',
      protocol: PROTOCOL_VERSION,
      minProtocol: PROTOCOL_VERSION_MIN,
      userId,
      epoch,
      seq,
      mode,
      ...(start.mode === 'snapshot'
        ? { ...(start.account === undefined ? {} : { account: start.account }), orders: [...start.orders] }
        : {}),
      pingIntervalMs: this.#deps.limits.pingIntervalMs,
    })
    this.#sendAll(this.#sequencer.start(seq))
    if (start.mode === 'resumed') for (const event of start.events) this.offer(event.seq, event.bytes)
    this.#transport.uncork()
  }

  offer(seq: number, bytes: Buffer): void {
    this.#sendAll(this.#sequencer.offer(seq, bytes))
  }

  fail(): void {
    this.close('unavailable')
  }

  /** Tells the browser when to come back; the connection goes on until it is closed. */
  announceDrain(retryAfterMs: number): void {
    this.#sendMessage({ type: 'drain', retryAfterMs })
  }

  close(reason: CloseReason): void {
    if (this.#isClosed) return
    const { code, meaning } = CLOSE_CODES[reason]
    if (reason !== 'slow_consumer') this.#sendMessage({ type: 'error', code: reason, message: meaning })
    this.closed(reason)
    this.#socket.close(code, reason)
  }

  /** The socket is gone, with the code that its other end gave, or going for a reason of ours. */
  closed(reason: CloseReason | number): void {
    if (!this.#isClosed) this.#deps.metrics.connectionClosed(reason)
    this.#isClosed = true
    if (this.#identity !== undefined) this.#deps.hub.leave(this.#identity.userId, this)
  }

  /** Counts what has come within a second. */
  #isTooMuch(): boolean {
    const now = this.#deps.now()
    this.#heardAt = now
    if (now - this.#secondAt >= 1000) {
      this.#secondAt = now
      this.#messagesInSecond = 0
    }
    this.#messagesInSecond += 1
    return this.#messagesInSecond > this.#deps.limits.messagesPerSecondMax
  }

  async #hello({ token, resume }: Extract<ClientMessage, { type: 'hello' }>): Promise<void> {
    if (this.#saidHello) return this.close('protocol_error')
    this.#saidHello = true
    this.#saidHelloAt = this.#deps.now()
    const identity = await this.#verify(token)
    if (identity === undefined) return
    if (!this.#deps.admitUser(identity.userId)) return this.close('too_many_connections')
    this.#identity = identity
    await this.#join(identity.userId, resume)
  }

  async #join(userId: string, position: Position | undefined): Promise<void> {
    try {
      await this.#deps.hub.join(userId, this, position)
    } catch (error) {
      this.#deps.log.warn({ ...this.#trace, err: error, userId }, 'stream could not be joined')
      this.close('unavailable')
    }
  }

  async #refresh(token: string): Promise<void> {
    if (this.#identity === undefined) return this.close('protocol_error')
    const identity = await this.#verify(token)
    if (identity === undefined) return
    // A connection belongs to one user for life.
    if (identity.userId !== this.#identity?.userId) return this.close('invalid_token')
    this.#identity = identity
  }

  /** @returns undefined after closing the connection, or when it was closed meanwhile. */
  async #verify(token: string): Promise<Identity | undefined> {
    const identity = await this.#deps.verifyToken(token, this.#deps.now())
    if (this.#isClosed) return undefined
    if (typeof identity !== 'string') return identity
    this.close(identity)
    return undefined
  }

  #sendAll(events: readonly Buffer[]): void {
    this.#deps.metrics.eventsSent += events.length
    for (const bytes of events) this.#send(textFrame(bytes))
  }

  #sendMessage(message: ServerMessage): void {
    this.#send(toFrame(message))
  }

  #send(frame: Buffer): void {
    if (this.#isClosed || this.#socket.readyState !== this.#socket.OPEN) return
    this.#transport.write(frame)
    if (this.#transport.writableCorked > 0 && this.#transport.writableLength > CORKED_BYTES_MAX) {
      this.#transport.uncork()
      this.#transport.cork()
    }
    // Checked after sending, so that what is left to a slow client is whole frames in order, and resuming refills it.
    if (this.#transport.writableLength > this.#deps.limits.bufferedBytesMax) this.close('slow_consumer')
  }
}

function toFrame(message: ServerMessage): Buffer {
  return textFrame(Buffer.from(JSON.stringify(message)))
}
