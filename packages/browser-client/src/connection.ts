import type { ClientMessage, Position, Welcome } from '@paxyo/contracts'
import { CHECK_REVISION, ORDER_REQUESTS_REVISION, SEEN_REVISION } from '@paxyo/contracts/data'
import type { ConnectOptions } from './api.ts'
import { ClientError } from './client-error.ts'
import { initialState, isLive, type ConnectionState, type Effect, type Input } from './connection-state.ts'
import type { Log } from './debug.ts'
import { toError, type LinkKind } from './link.ts'
import { createLinkReplacements } from './link-replacements.ts'
import { createLinks } from './links.ts'
import { createLiveness } from './liveness.ts'
import { createMachine } from './machine.ts'
import type { OrderRequest, OrderResponse } from './order-requests.ts'
import { createServer } from './server.ts'
import { openSocketLink } from './socket-link.ts'
import { openStreamLink, toStreamUrl } from './stream-link.ts'
import { createTimers } from './timers.ts'
import { readToken } from './token.ts'
import { createTokenRequests } from './token-requests.ts'
import { createTransportChoice } from './transport-choice.ts'
import { askWhy, type Explanation } from './why.ts'
import type { ReceivedEvent } from './wire.ts'

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
  readonly onEvent: (event: ReceivedEvent) => void
  readonly onOrders: (response: OrderResponse) => void
  /** The server has sent a ping. */
  readonly onPing: () => void
  onState(): void
}

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
  const timers = createTimers<'timer' | 'renew' | 'link' | 'check' | 'replace'>()
  const machine = createMachine({
    initial: initialState(deps.getToken !== undefined, firstToken),
    timers,
    carryOut,
    onChange(before, { type }) {
      const { phase, failures, error } = machine.state
      deps.log(`${before.phase} → ${phase}`, { input: type, failures, error: error?.code })
      deps.onState()
    },
  })
  const { input } = machine
  const choice = createTransportChoice(deps.url, deps.transport)
  const network = { needsPadding: false }
  const links = createLinks({
    openLink: (kind, handlers) =>
      kind === 'stream' ? openStreamLink(toStreamUrl(deps.url), handlers, network) : openSocketLink(deps.url, handlers),
    onOpen: () => input({ type: 'opened' }),
    onMessage(message) {
      liveness.received()
      server.receive(message)
    },
    onEnd(end) {
      // Where a proxy does not route streams to a gateway, nothing is found.
      hasResponded ||= end.reason !== '' || (end.why?.error.code ?? 'not_found') !== 'not_found'
      deps.log('link ended', { kind: links.kind, code: end.code, reason: end.reason })
      lost(toError(end, server.error))
      explained(end.why)
    },
  })
  const server = createServer({
    input,
    pong: () => links.send({ type: 'pong' }),
    onWelcome(welcome) {
      const rejection = deps.onWelcome(welcome, requestedPosition)
      if (rejection !== undefined) return rejection
      hasResponded = true
      if (links.kind === 'stream') choice.streamWorked()
      liveness.begin(welcome.pingIntervalMs)
      return undefined
    },
    onEvent: deps.onEvent,
    onOrders: (response) => void (replacements.responded() && deps.onOrders(response)),
    onPing: deps.onPing,
    onDrain(retryAfterMs) {
      // A gateway leaves the stream open for a while.
      if (links.kind === 'stream' && isLive(machine.state)) replacements.replaceBy(Date.now() + retryAfterMs)
      else input({ type: 'drain', retryAfterMs })
    },
  })
  const replacements = createLinkReplacements({
    links,
    timers,
    choice,
    token: () => machine.state.token?.value,
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
  /** Whether a gateway has responded on the link, if only why it rejects it: such a link works. */
  let hasResponded = false
  let requestedPosition: Position | undefined

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
        if (links.kind === 'stream') replacements.replace(choice.kind)
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
    server.forgetError()
    hasResponded = false
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
    const { state } = machine
    links.close()
    replacements.end()
    liveness.end()
    if (state.phase !== 'waiting') return
    if (kind === 'stream' && !hasResponded) choice.streamFailed()
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

  function ask(): boolean {
    if (!isLive(machine.state)) return false
    // Also when it has just received something: the network may have changed since.
    if (links.kind === 'stream') replacements.replace('stream')
    else if (!server.supports(CHECK_REVISION)) return false
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
      return machine.state
    },
    input,
    woke() {
      input({ type: 'woke' })
      liveness.look()
      liveness.check()
    },
    check: () => liveness.check(),
    sendSeen({ epoch, seq }) {
      if (!isLive(machine.state) || !server.supports(SEEN_REVISION) || epoch !== server.epoch) return false
      // On a stream it comes with the next `hello`, which is not due for some minutes.
      if (links.kind === 'stream') replacements.replaceBy(Date.now() + SEEN_WITHIN_MS)
      else links.send({ type: 'seen', seq })
      return true
    },
    get hasOrderRequests() {
      return server.supports(ORDER_REQUESTS_REVISION)
    },
    requestOrders: (request) => replacements.ask(request),
  }
}
