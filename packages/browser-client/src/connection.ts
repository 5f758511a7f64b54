import type { ClientMessage, Position, Welcome } from '@paxyo/contracts'
import { CHECK_REVISION, ORDER_REQUESTS_REVISION, PROTOCOL_VERSION, SEEN_REVISION } from '@paxyo/contracts/data'
import type { ConnectOptions } from './api.ts'
import { ClientError } from './client-error.ts'
import { initialState, isLive, transition, type ConnectionState, type Effect, type Input } from './connection-state.ts'
import type { Log } from './debug.ts'
import { toError, type LinkKind } from './link.ts'
import { createLinkReplacements } from './link-replacements.ts'
import { createLinks } from './links.ts'
import { createLiveness } from './liveness.ts'
import type { OrderRequest, OrderResponse } from './order-requests.ts'
import { isOnline } from './page.ts'
import { openSocketLink } from './socket-link.ts'
import { openStreamLink, toStreamUrl } from './stream-link.ts'
import { createTimers } from './timers.ts'
import { readToken } from './token.ts'
import { createTokenRequests } from './token-requests.ts'
import { createTransportChoice } from './transport-choice.ts'
import { askWhy, type Explanation } from './why.ts'
import type { ReceivedEvent, ReceivedMessage } from './wire.ts'

export interface ConnectionDeps {
  readonly url: string
  readonly token: string | undefined
  readonly getToken: ConnectOptions['getToken']
  readonly log: Log
  /** undefined: chosen by what the network lets through. */
  readonly transport: LinkKind | undefined
  /** The position to resume from. */
  position(): Position | undefined
  /** How far the user has seen the stream. */
  seen(): Position | undefined
  /** A token has arrived, with its user id. The callback may suspend the connection; the token is kept. */
  onIdentity(userId: string | undefined): void
  /**
   * @param requestedPosition the position in `hello`.
   * @returns an error to reject the connection.
   */
  onWelcome(welcome: Welcome, requestedPosition: Position | undefined): ClientError | undefined
  onEvent(event: ReceivedEvent): void
  onOrders(response: OrderResponse): void
  /** The server has sent a ping. */
  onPing(): void
  onState(): void
}

/** A link that received something so recently is not dead. */
const FRESH_MS = 1_000
const SEEN_WITHIN_MS = 30_000

/** What ends a link whose network blocks it. */
const NETWORK_ERRORS: ReadonlySet<string> = new Set(['connection_lost', 'timeout', 'link_dead'])

export interface Connection {
  readonly state: ConnectionState
  /** Applies an input to the state machine, and carries out the effects. */
  input(input: Input): void
  /** The page is visible again, or the device was asleep: timers may be late, and the link may be dead. */
  woke(): void
  /**
   * Checks whether the link still works, because the network may have changed. A dead one is suspect within a second, and
   * lost within 3.
   */
  check(): void
  /** Tells the server how far the user has seen the stream. @returns false when it cannot be sent now. */
  sendSeen(seen: Position): boolean
  /** Whether the server knows such requests. */
  readonly hasOrderRequests: boolean
  requestOrders(request: OrderRequest): void
}

/**
 * Carries out the effects of `connection-state.ts` on the link, the timers and the tokens. It makes no decisions.
 *
 * On a stream, the link is replaced to refresh the token, to check it, to send a message, and when the server drains.
 */
export function createConnection(deps: ConnectionDeps): Connection {
  const firstToken = deps.token === undefined ? undefined : readToken(deps.token, Date.now())
  let state = initialState(deps.getToken !== undefined, firstToken)
  /** Inputs that arrive while effects are carried out are queued. */
  const inputs: Input[] = []
  let isBusy = false
  const choice = createTransportChoice(deps.url, deps.transport)
  const network = { needsPadding: false }
  const links = createLinks({
    openLink: (kind, handlers) =>
      kind === 'stream' ? openStreamLink(toStreamUrl(deps.url), handlers, network) : openSocketLink(deps.url, handlers),
    onOpen: () => input({ type: 'opened' }),
    onMessage: receive,
    onEnd(end) {
      deps.log('link ended', { kind: links.kind, code: end.code, reason: end.reason })
      lost(toError(end, serverError))
      explained(end.why)
    },
  })
  const timers = createTimers<'timer' | 'renew' | 'link' | 'check' | 'replace'>()
  const replacements = createLinkReplacements({
    links,
    timers,
    choice,
    token: () => state.token?.value,
    hello,
    onTokenRejected: (error) => input({ type: 'token_rejected', error }),
  })
  const liveness = createLiveness({
    timers,
    ask,
    onSuspect: (isSuspect) => input({ type: 'suspect', isSuspect }),
    onDead: () => lost(new ClientError('link_dead', 'the server is silent')),
  })
  const tokenRequests = createTokenRequests(deps.getToken, (result) => {
    if (result.type === 'token') deps.onIdentity(result.token.userId)
    input(result)
  })
  let openedAtMs = 0
  let wasWelcomed = false
  let requestedPosition: Position | undefined
  /** The message of the server's `error`, which it sends before it closes. */
  let serverError: string | undefined
  let serverRevision = 0
  let serverEpoch = ''

  function input(next: Input): void {
    inputs.push(next)
    if (isBusy) return
    isBusy = true
    try {
      while (inputs.length > 0) step(inputs.shift()!)
    } finally {
      isBusy = false
    }
  }

  function step(next: Input): void {
    const before = state
    const context = { nowMs: Date.now(), random: Math.random(), isOnline: isOnline() }
    const { state: after, effects } = transition(before, next, context)
    state = after
    for (const effect of effects) carryOut(effect)
    setTimer('timer', state.timerAtMs)
    setTimer('renew', state.renewAtMs)
    if (state === before) return
    deps.log(`${before.phase} → ${state.phase}`, {
      input: next.type,
      failures: state.failures,
      error: state.error?.code,
    })
    deps.onState()
  }

  /** The timers of the state machine are inputs. */
  function setTimer(type: 'timer' | 'renew', atMs: number | undefined): void {
    if (atMs === undefined) timers.clear(type)
    else timers.set(type, atMs, () => input({ type }))
  }

  function carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'get_token':
        return tokenRequests.begin(effect.reason)
      case 'cancel_token':
        return tokenRequests.cancel()
      case 'open_socket':
        return openLink()
      case 'close_socket':
        return closeLink()
      case 'send_hello':
        return links.send(hello(effect.token))
      case 'send_refresh':
        if (links.kind === 'stream') replacements.replace(choice.kind, true)
        else links.send({ type: 'refresh', token: effect.token })
    }
  }

  function hello(token: string): ClientMessage {
    openedAtMs = Date.now()
    const resume = (requestedPosition = deps.position())
    const seen = deps.seen()
    return {
      type: 'hello',
      token,
      ...(resume === undefined ? {} : { resume }),
      ...(seen === undefined || seen.epoch !== resume?.epoch ? {} : { seen: seen.seq }),
    }
  }

  function openLink(): void {
    serverError = undefined
    wasWelcomed = false
    openedAtMs = Date.now()
    try {
      deps.log('link opening', { kind: choice.kind })
      links.open(choice.kind)
    } catch (cause) {
      // Node before version 22 has none.
      if (typeof WebSocket !== 'function')
        return fail('no_websocket', 'there is no WebSocket in this environment', cause)
      // A page on https cannot connect to ws: no attempt will succeed.
      return fail('url_rejected', `the browser rejects ${deps.url}`, cause)
    }
  }

  function closeLink(): void {
    const { kind } = links
    links.close()
    replacements.end()
    liveness.end()
    if (state.phase !== 'waiting') return
    if (kind === 'stream' && !wasWelcomed) choice.streamFailed()
    const isOfNetwork = NETWORK_ERRORS.has(state.error!.code)
    if (kind === 'websocket' && isOfNetwork && choice.socketEnded(Date.now() - openedAtMs))
      void askWhy(deps.url).then(explained)
  }

  function explained(why: Explanation | 'blocked' | undefined): void {
    if (why === undefined || (why === 'blocked' && deps.transport !== undefined)) return
    if (why !== 'blocked') return input({ type: 'explained', ...why })
    choice.blocked()
    input({ type: 'woke' })
  }

  function receive(message: ReceivedMessage | undefined): void {
    liveness.received()
    switch (message?.type) {
      case undefined:
        return lost(new ClientError('bad_message', 'a message could not be read'))
      case 'ping':
        links.send({ type: 'pong' })
        return deps.onPing()
      case 'welcome':
        return welcome(message)
      case 'event':
        return deps.onEvent(message)
      case 'drain':
        // A gateway leaves the stream open for a while.
        if (links.kind === 'stream' && isLive(state)) {
          return replacements.replaceBy(Date.now() + message.retryAfterMs)
        }
        return input({ type: 'drain', retryAfterMs: message.retryAfterMs })
      case 'delayed':
      case 'live':
        return input({ type: 'delay', isDelayed: message.type === 'delayed' })
      case 'page':
      case 'orders':
        return deps.onOrders(message)
      case 'error':
        if (message.request === 'page' || message.request === 'orders') return deps.onOrders(message)
        if (message.request === 'refresh') {
          return input({ type: 'token_rejected', error: new ClientError(message.code, message.message) })
        }
        // Errors about other messages do not end the connection either.
        if (message.request === undefined) serverError = message.message
    }
  }

  function welcome(message: Welcome): void {
    // An older server sends no minimum, and supports newer clients.
    const { minProtocol = 1, revision = 0, pingIntervalMs } = message
    if (PROTOCOL_VERSION < minProtocol) return fail('protocol_version', `protocol ${PROTOCOL_VERSION} is not served`)
    const rejection = deps.onWelcome(message, requestedPosition)
    if (rejection !== undefined) return input({ type: 'fail', error: rejection })
    serverRevision = revision
    wasWelcomed = true
    if (links.kind === 'stream') choice.streamWorked()
    serverEpoch = message.epoch
    liveness.begin(pingIntervalMs)
    input({ type: 'welcome' })
  }

  function ask(silentMs: number): boolean {
    if (!isLive(state)) return false
    if (links.kind === 'stream') {
      if (silentMs < FRESH_MS) return false
      replacements.replace('stream', false)
    } else if (serverRevision < CHECK_REVISION) return false
    else links.send({ type: 'check' })
    return true
  }

  function lost(error: ClientError): void {
    input({ type: 'lost', error })
  }

  function fail(code: string, message: string, cause?: unknown): void {
    input({ type: 'fail', error: new ClientError(code, message, { cause, final: true }) })
  }

  return {
    get state() {
      return state
    },
    input,
    woke() {
      input({ type: 'woke' })
      liveness.look()
      liveness.check()
    },
    check: () => liveness.check(),
    sendSeen({ epoch, seq }) {
      if (!isLive(state) || serverRevision < SEEN_REVISION || epoch !== serverEpoch) return false
      // On a stream it comes with the next `hello`, which is not due for some minutes.
      if (links.kind === 'stream') replacements.replaceBy(Date.now() + SEEN_WITHIN_MS)
      else links.send({ type: 'seen', seq })
      return true
    },
    get hasOrderRequests() {
      return serverRevision >= ORDER_REQUESTS_REVISION
    },
    requestOrders: (request) => replacements.send(request),
  }
}
