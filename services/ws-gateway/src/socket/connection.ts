import {
  CLOSE_CODES,
  PROTOCOL_REVISION,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type ClientMessage,
  type CloseReason,
  type ConnectionReport,
  type Position,
  type ServerMessage,
} from '@paxyo/contracts'
import type { Logger } from 'pino'
import type { FailureThrottle, TraceFields } from '@paxyo/service-kit'
import type { StreamStart } from '../read/stream-reader.ts'
import type { OrderReader } from '../read/user-orders.ts'
import type { GatewayMetrics } from '../observe/metrics.ts'
import type { Hub } from '../stream/hub.ts'
import type { StreamListener } from '../stream/user-stream.ts'
import { Sequencer } from '../stream/sequencer.ts'
import { ConnectionClock } from './connection-clock.ts'
import type { Limits } from './limits.ts'
import { OrderRequests, type OrderRequest } from './order-requests.ts'
import { readClientMessage } from './read-client-message.ts'
import { Session, type SessionDeps } from './session.ts'
import type { Transport, TransportKind } from './transport.ts'
import type { Consumer, UnreadBudget } from './unread-budget.ts'

export interface ConnectionDeps extends SessionDeps {
  readonly hub: Hub
  readonly orderReader: OrderReader
  readonly limits: Limits
  /** The monotonic clock, for deadlines and durations: the wall clock may be set. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly log: Logger
  readonly metrics: Pick<GatewayMetrics, 'eventsSent' | 'streamJoined' | 'connectionClosed' | 'orderRequest'>
  /** Counts an invalid token of an address. @returns the seconds until the address may send another one. */
  readonly tokenFailed: FailureThrottle['failed']
  /** Counts a connection of a user. @returns false when the user has too many connections. */
  readonly admitUser: (userId: string) => boolean
  /** Of all connections. */
  readonly budget: UnreadBudget
  /** The user has seen every event up to the seq. */
  readonly onSeen: (userId: string, epoch: string, seq: number) => void
}

/** Where a connection comes from, by its HTTP request. */
export interface ConnectionSource {
  /** The address for which an invalid token counts; undefined when it is not known. */
  readonly address: string | undefined
  /** From the `User-Agent` header. */
  readonly userAgent?: string | undefined
  /** From the `traceparent` header. A proxy can set it; a browser cannot. */
  readonly trace?: TraceFields | undefined
}

const PING = encode({ type: 'ping' })
const LIVE = encode({ type: 'live' })

/**
 * One browser's connection, over any transport: waiting for hello → joining its user's stream → live → closed. Its user and
 * token are in `session.ts`, its deadlines in `connection-clock.ts`. It has no timers; `connections.ts` calls `tick` once a
 * second.
 *
 * A client with a WebSocket sends its messages on it, and responds to pings with `pong`. A client with an HTTP stream
 * cannot send on it. To refresh its token, to check its link, to send a message, and after `drain`, it opens another HTTP
 * stream from its position, and then closes this one. So no request has to find the process that has the connection, and
 * load balancers need no sticky sessions.
 */
export class Connection implements StreamListener, Consumer {
  readonly #transport: Transport
  readonly #deps: ConnectionDeps
  readonly #session: Session
  readonly #clock: ConnectionClock
  readonly #sequencer: Sequencer
  readonly #source: ConnectionSource
  readonly #openedAtMs: number
  #isDrainAnnounced = false
  /** Received with `hello`. */
  #afterWelcome: readonly string[] = []
  /** Of the user's events, once the welcome was sent. */
  #epoch = ''
  /** From `hello`: how far the user has seen the events. It means nothing in another epoch. */
  #seenBefore: Position | undefined
  /** How far the user has seen the events, as far as this connection knows. */
  #seenSeq: number | undefined
  /** Created by the first request, which most connections never send. */
  #orderRequests: OrderRequests | undefined
  #hasReceivedHello = false
  #helloAt = 0
  #isDelayed = false
  /** Unread bytes of the welcome and of the missed events. However many they are, they do not make the client a slow one. */
  #welcomeBytes = 0
  #isBeginning = false
  #isClosed = false

  constructor(transport: Transport, deps: ConnectionDeps, source: ConnectionSource) {
    this.#transport = transport
    this.#source = source
    this.#deps = deps
    this.#session = new Session(deps)
    this.#openedAtMs = deps.wallClock()
    const { limits, random } = deps
    this.#clock = new ConnectionClock({ transport: transport.kind, limits, now: deps.now(), random })
    this.#sequencer = new Sequencer(limits.heldBytesMax)
  }

  get transport(): TransportKind {
    return this.#transport.kind
  }

  get userId(): string | undefined {
    return this.#session.userId
  }

  get tokenId(): string | undefined {
    return this.#session.tokenId
  }

  get lastSeq(): number | undefined {
    return this.#sequencer.last
  }

  get unreadBytes(): number {
    return this.#transport.unreadBytes
  }

  get hasGap(): boolean {
    return this.#sequencer.hasGap
  }

  /** Handles `hello`, and the other messages after the welcome. */
  receiveAll([hello, ...others]: readonly string[]): void {
    this.#afterWelcome = others
    this.receive(hello)
  }

  /** Handles a message of the browser; undefined for one that is not text. */
  receive(text: string | undefined): void {
    if (!this.admitMessage()) return
    const message = text === undefined ? 'malformed' : readClientMessage(text)
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
      case 'seen':
        return this.#seen(message.seq)
      case 'page':
      case 'orders':
        return void this.#requestOrders(message)
    }
  }

  /** Notes and counts a received message. @returns false when it was one too many in this second, and closes the connection. */
  admitMessage(): boolean {
    if (this.#clock.received(this.#deps.now())) return true
    this.close('rate_limited')
    return false
  }

  /** Closes the connection when a deadline has passed, and sends a ping when one is due. */
  tick(now: number): void {
    const clock = this.#clock
    this.#deps.budget.observe(this)
    if (!this.#hasReceivedHello) {
      if (clock.isHelloLate(now)) this.close('hello_timeout')
      return
    }
    if (this.#session.isExpired(this.#deps.limits.tokenGraceMs)) return this.close('token_expired')
    if (clock.isOld(now) && !this.#isDrainAnnounced) this.announceDrain(0)
    if (clock.isOver(now)) return this.close('draining')
    if (clock.isSilent(now)) return this.close('ping_timeout')
    if (clock.isPingDue(now)) this.#send(PING)
  }

  setDelay(sinceMs: number | undefined): void {
    const wasDelayed = this.#isDelayed
    this.#isDelayed = sinceMs !== undefined
    if (this.#isDelayed === wasDelayed) return
    if (sinceMs === undefined) this.#send(LIVE)
    else this.#sendDelayed(sinceMs)
  }

  #sendDelayed(sinceMs: number): void {
    this.#sendMessage({ type: 'delayed', since: new Date(sinceMs).toISOString() })
  }

  begin(start: StreamStart): void {
    const userId = this.#session.userId!
    const { mode, epoch, seq, tokensIssuedBeforeMs = -Infinity } = start
    if (this.revokeTokens(tokensIssuedBeforeMs)) return
    if (start.isTokenRevoked) return this.close('token_revoked')
    this.#epoch = epoch
    this.#deps.metrics.streamJoined(mode, this.#deps.now() - this.#helloAt)
    this.#isBeginning = true
    // Corked, so that the welcome and the missed events need few writes.
    this.#transport.cork()
    // The page is live when it has the events that it missed, and not before.
    const isCatchingUp = start.mode === 'resumed' && start.events.length > 0 && !this.#isDelayed
    if (isCatchingUp) this.#sendDelayed(this.#deps.wallClock())
    const welcome: ServerMessage = {
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
    }
    this.#send(start.mode === 'snapshot' ? encodeWithOrders(welcome, start.orders) : encode(welcome))
    this.#sendAll(this.#sequencer.start(seq))
    if (start.mode === 'resumed') for (const event of start.events) this.offer(event.seq, event.bytes)
    if (isCatchingUp) this.#send(LIVE)
    this.#transport.uncork()
    this.#isBeginning = false
    this.#welcomeBytes = this.#transport.unreadBytes
    for (const text of this.#afterWelcome) this.receive(text)
    this.#afterWelcome = []
    if (this.#seenBefore?.epoch === epoch) this.#seen(this.#seenBefore.seq)
  }

  offer(seq: number, bytes: Buffer): void {
    this.#sendAll(this.#sequencer.offer(seq, bytes))
  }

  fail(): void {
    this.close('unavailable')
  }

  revokeTokens(issuedBeforeMs: number): boolean {
    const isRevoked = this.#session.revokeIssuedBefore(issuedBeforeMs)
    if (isRevoked) this.close('token_revoked')
    return isRevoked
  }

  revokeToken(tokenId: string): boolean {
    const isRevoked = this.tokenId === tokenId
    if (isRevoked) this.close('token_revoked')
    return isRevoked
  }

  disconnect(): void {
    this.close('disconnected')
  }

  report(): ConnectionReport {
    return {
      openedAt: new Date(this.#openedAtMs).toISOString(),
      transport: this.#transport.kind,
      userAgent: this.#source.userAgent ?? null,
      sentSeq: this.lastSeq ?? null,
      seenSeq: this.#seenSeq ?? null,
      unreadBytes: this.#transport.unreadBytes,
    }
  }

  /** Sends the browser the time to wait before it reconnects; the connection stays open until it is closed. */
  announceDrain(retryAfterMs: number): void {
    this.#isDrainAnnounced = true
    this.#sendMessage({ type: 'drain', retryAfterMs })
  }

  /** Cuts a client that does not read what it asked for; it resumes. */
  abort(): void {
    this.closed('slow_consumer')
    this.#transport.abort()
  }

  close(reason: CloseReason): void {
    if (this.#isClosed) return
    if (reason !== 'slow_consumer') this.#sendError(reason)
    this.closed(reason)
    this.#transport.close(reason)
  }

  /** Leaves the hub, and counts the end once. Called when the gateway closes the connection, and when it has been closed. */
  closed(reason: CloseReason | number): void {
    if (!this.#isClosed) this.#deps.metrics.connectionClosed(reason)
    this.#isClosed = true
    if (this.userId !== undefined) this.#deps.hub.leave(this.userId, this)
  }

  async #hello({ token, resume, seen }: Extract<ClientMessage, { type: 'hello' }>): Promise<void> {
    if (this.#hasReceivedHello) return this.close('protocol_error')
    this.#hasReceivedHello = true
    this.#helloAt = this.#deps.now()
    const identity = await this.#session.verify(token)
    if (this.#isClosed) return
    if (typeof identity === 'string') return this.close(this.#isThrottled(identity) ? 'rate_limited' : identity)
    if (!this.#deps.admitUser(identity.userId)) return this.close('connection_limit')
    this.#session.begin(identity)
    if (resume !== undefined && seen !== undefined) this.#seenBefore = { epoch: resume.epoch, seq: seen }
    await this.#join(identity.userId, resume)
  }

  async #join(userId: string, position: Position | undefined): Promise<void> {
    const { budget, hub, log } = this.#deps
    if (!(await budget.admit(userId, () => !this.#isClosed))) return
    try {
      if (!this.#isClosed) await hub.join(userId, this, position)
    } catch (error) {
      log.warn({ ...this.#source.trace, err: error, userId }, 'stream join failed')
      this.close('unavailable')
    } finally {
      budget.joined(userId)
      if (!this.#isClosed) budget.observe(this)
    }
  }

  async #refresh(token: string): Promise<void> {
    if (this.userId === undefined) return this.close('protocol_error')
    const outcome = await this.#session.refresh(token)
    if (this.#isClosed || outcome === 'refreshed') return
    // A connection can't change its user.
    if (outcome === 'other_user') return this.close('invalid_token')
    if (this.#isThrottled(outcome)) return this.close('rate_limited')
    // The connection lives until its present token ends; until then the client can send a better one.
    this.#sendError(outcome, { request: 'refresh' })
  }

  /** A client cannot have seen more than it was sent. */
  #seen(seq: number): void {
    const { lastSeq } = this
    if (lastSeq === undefined || this.#isClosed) return
    const seenSeq = Math.min(seq, lastSeq)
    if (seenSeq <= (this.#seenSeq ?? 0)) return
    this.#seenSeq = seenSeq
    this.#deps.onSeen(this.userId!, this.#epoch, seenSeq)
  }

  #requestOrders(request: OrderRequest): Promise<void> | void {
    const userId = this.userId
    const epoch = this.#epoch
    if (userId === undefined || epoch === '') return this.close('protocol_error')
    const { orderReader: reader, limits, now, budget } = this.#deps
    this.#orderRequests ??= new OrderRequests({
      reader,
      limits,
      now,
      send: (message) => {
        this.#sendMessage(message)
        if (!this.#isClosed) budget.observe(this)
      },
      hasRoom: () => budget.hasRoom(userId),
      fail: () => this.fail(),
      isOpen: () => !this.#isClosed,
      responded: this.#deps.metrics.orderRequest,
    })
    return this.#orderRequests.handle(request, { userId, epoch })
  }

  /** Counts an invalid token against the address that sent it. */
  #isThrottled(reason: CloseReason): boolean {
    return reason === 'invalid_token' && this.#deps.tokenFailed(this.#source.address) > 0
  }

  #sendAll(events: readonly Buffer[]): void {
    this.#deps.metrics.eventsSent += events.length
    for (const bytes of events) this.#send(bytes)
  }

  #sendError(reason: CloseReason, more: { readonly request?: string } = {}): void {
    this.#sendMessage({ type: 'error', code: reason, message: CLOSE_CODES[reason].meaning, ...more })
  }

  #sendMessage(message: ServerMessage): void {
    this.#send(encode(message))
  }

  #send(payload: Buffer): void {
    if (this.#isClosed) return
    // The welcome is first in the buffer, so that no more of it is left than the buffer contains.
    if (this.#welcomeBytes > 0) this.#welcomeBytes = Math.min(this.#welcomeBytes, this.#transport.unreadBytes)
    // Checked after sending, so that a slow client gets whole messages in order until the close, and then resumes.
    const unreadBytes = this.#transport.send(payload) - this.#welcomeBytes
    if (!this.#isBeginning && unreadBytes > this.#deps.limits.unreadBytesPerConnectionMax) this.close('slow_consumer')
  }
}

function encode(message: ServerMessage): Buffer {
  return Buffer.from(JSON.stringify(message))
}

/** The orders are JSON text already. To parse them and write them again would take longer than the rest of a join. */
function encodeWithOrders(message: ServerMessage, orders: string): Buffer {
  return Buffer.from(`${JSON.stringify(message).slice(0, -1)},"orders":${orders}}`)
}

function snapshotFields({ account, totals, older }: Extract<StreamStart, { mode: 'snapshot' }>) {
  return {
    ...(account === undefined ? {} : { account }),
    ...(totals === undefined ? {} : { totals }),
    ...(older === undefined ? {} : { older }),
  }
}
