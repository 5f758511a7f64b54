import type { ClientMessage, Position, Welcome } from '@paxyo/contracts'
import { CHECK_REVISION, ORDER_REQUESTS_REVISION, PROTOCOL_VERSION, SEEN_REVISION } from '@paxyo/contracts/data'
import type { ConnectOptions, TokenReason } from './api.ts'
import { ClientError } from './client-error.ts'
import { initialState, isLive, transition, type ConnectionState, type Effect, type Input } from './connection-state.ts'
import { toError, type LinkKind } from './link.ts'
import { checkLink, CHECK_RESPONSE_MS, CHECK_SECOND_LOOK_MS } from './link-check.ts'
import { createLinks } from './links.ts'
import type { OrderRequest, OrderResponse } from './order-requests.ts'
import { isOnline } from './page.ts'
import { openSocketLink } from './socket-link.ts'
import { openStreamLink, toStreamUrl } from './stream-link.ts'
import { readToken } from './token.ts'
import { createTransportChoice } from './transport-choice.ts'
import { askWhy, type Explanation } from './why.ts'
import type { ReceivedEvent, ReceivedMessage } from './wire.ts'

export interface ConnectionDeps {
  readonly url: string
  readonly token: string | undefined
  readonly getToken: ConnectOptions['getToken']
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

/** setTimeout accepts 31 bits. */
const TIMER_MS_MAX = 2 ** 31 - 1
const SLACK_MS = 5_000
/** A link that received something so recently is not dead. */
const FRESH_MS = 1_000
const REPLACE_RETRY_MS = 5_000
const SEEN_WITHIN_MS = 30_000

/** What ends a link whose network blocks it. */
const NETWORK_ERRORS: ReadonlySet<string> = new Set(['connection_lost', 'timeout', 'link_dead'])
const TOKEN_ERRORS: ReadonlySet<string> = new Set(['invalid_token', 'token_expired', 'token_not_yet_valid'])

type TimerName = 'timer' | 'renew' | 'link' | 'check' | 'replace'

export interface Connection {
  readonly state: ConnectionState
  /** Applies an input to the state machine, and carries out the effects. */
  input(input: Input): void
  /** The page is visible again, or the device was asleep: timers may be late, and the link may be dead. */
  woke(): void
  /** Checks whether the link still works, because the network may have changed. A dead one is lost within 3 seconds. */
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
 * On a stream nothing can be sent. To refresh the token, to check the link, to send a message, and when the server drains,
 * the link is replaced: each stream begins with a request.
 */
export function createConnection(deps: ConnectionDeps): Connection {
  const firstToken = deps.token === undefined ? undefined : readToken(deps.token, Date.now())
  let state = initialState(deps.getToken !== undefined, firstToken)
  /** Inputs that arrive while effects are carried out are queued. */
  const inputs: Input[] = []
  let isBusy = false
  /** Messages that wait for the next stream. */
  const unsent: ClientMessage[] = []
  const choice = createTransportChoice(deps.url, deps.transport)
  const network = { needsPadding: false }
  const links = createLinks({
    openLink: (kind, handlers) =>
      kind === 'stream' ? openStreamLink(toStreamUrl(deps.url), handlers, network) : openSocketLink(deps.url, handlers),
    onOpen: () => input({ type: 'opened' }),
    onMessage: receive,
    onEnd(end) {
      lost(toError(end, serverError))
      explained(end.why)
    },
  })
  const timers = new Map<TimerName, { readonly atMs: number; readonly id: ReturnType<typeof setTimeout> }>()
  let tokenRequest: AbortController | undefined
  let openedAtMs = 0
  let wasWelcomed = false
  let requestedPosition: Position | undefined
  /** The message of the server's `error`, which it sends before it closes. */
  let serverError: string | undefined
  let lastReceivedAtMs = 0
  let suspectedAtMs: number | undefined
  let silenceMsMax = 0
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
    setTimer('timer', state.timerAtMs, () => input({ type: 'timer' }))
    setTimer('renew', state.renewAtMs, () => input({ type: 'renew' }))
    if (state !== before) deps.onState()
  }

  function carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'get_token':
        return void getToken(effect.reason)
      case 'cancel_token':
        tokenRequest?.abort()
        tokenRequest = undefined
        return
      case 'open_socket':
        return openLink()
      case 'close_socket':
        return closeLink()
      case 'send_hello':
        return links.send(hello(effect.token))
      case 'send_refresh':
        if (links.kind === 'stream') replaceLink(choice.kind, true)
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

  async function getToken(reason: TokenReason): Promise<void> {
    const request = (tokenRequest = new AbortController())
    let next: Input
    try {
      const value = await deps.getToken!({ reason, signal: request.signal })
      if (typeof value !== 'string' || value === '') throw new TypeError('no string')
      next = { type: 'token', token: readToken(value, Date.now()) }
    } catch (cause) {
      const isFinal = cause instanceof ClientError && cause.final
      const error = isFinal ? cause : new ClientError('token_failed', `getToken failed: ${String(cause)}`, { cause })
      next = { type: 'token_failed', error }
    }
    if (tokenRequest !== request) return
    tokenRequest = undefined
    if (next.type === 'token') deps.onIdentity(next.token.userId)
    input(next)
  }

  function openLink(): void {
    serverError = undefined
    wasWelcomed = false
    openedAtMs = Date.now()
    try {
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
    unsent.length = 0
    for (const name of ['link', 'check', 'replace'] as const) setTimer(name, undefined, checkSilence)
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

  /** Sends a message after `hello`: on a stream, with the `hello` of the next one. */
  function send(message: ClientMessage): void {
    if (links.kind !== 'stream') return links.send(message)
    unsent.push(message)
    replaceLink('stream', false)
  }

  function replaceBy(atMs: number): void {
    const dueAtMs = Math.min(atMs, timers.get('replace')?.atMs ?? Infinity)
    setTimer('replace', dueAtMs, () => replaceLink(choice.kind, false))
  }

  /** Opens another link from the position, with the current token. */
  function replaceLink(kind: LinkKind, isRefresh: boolean): void {
    setTimer('replace', undefined, checkSilence)
    const { token } = state
    if (token === undefined) return
    links.replace({
      kind,
      // A WebSocket gets the others when it has taken over.
      messages: () => [hello(token.value), ...(kind === 'stream' ? unsent : [])],
      onTakenOver(sent) {
        const rest = unsent.splice(0).filter((message) => !sent.includes(message))
        for (const message of rest) send(message)
      },
      onFailed(end, message) {
        if (kind === 'websocket') choice.blocked()
        const error = toError(end, message)
        if (isRefresh && TOKEN_ERRORS.has(error.code)) return input({ type: 'token_rejected', error })
        setTimer('replace', Date.now() + REPLACE_RETRY_MS, () => replaceLink(choice.kind, isRefresh))
      },
    })
  }

  function receive(message: ReceivedMessage | undefined): void {
    lastReceivedAtMs = Date.now()
    suspectedAtMs = undefined
    setTimer('check', undefined, checkSilence)
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
          return replaceBy(Date.now() + message.retryAfterMs)
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
    silenceMsMax = 2 * pingIntervalMs + SLACK_MS
    checkSilence()
    input({ type: 'welcome' })
  }

  function checkSilence(): void {
    const nowMs = Date.now()
    const judged = checkLink({ lastReceivedAtMs, silenceMsMax, suspectedAtMs }, nowMs)
    if (judged.verdict === 'dead') return linkDied()
    if (judged.verdict === 'suspect') suspectedAtMs ??= nowMs
    setTimer('link', nowMs + judged.checkInMs, checkSilence)
  }

  /** Looks twice for a response, as `checkLink` does, but sooner. */
  function check(): void {
    if (!isLive(state) || timers.has('check')) return
    if (links.kind === 'stream') {
      if (Date.now() - lastReceivedAtMs < FRESH_MS) return
      replaceLink('stream', false)
    } else if (serverRevision < CHECK_REVISION) return
    else links.send({ type: 'check' })
    const lookAgain = (): void => setTimer('check', Date.now() + CHECK_SECOND_LOOK_MS, linkDied)
    setTimer('check', Date.now() + CHECK_RESPONSE_MS, lookAgain)
  }

  function linkDied(): void {
    lost(new ClientError('link_dead', 'the server is silent'))
  }

  function lost(error: ClientError): void {
    input({ type: 'lost', error })
  }

  function fail(code: string, message: string, cause?: unknown): void {
    input({ type: 'fail', error: new ClientError(code, message, { cause, final: true }) })
  }

  function setTimer(name: TimerName, atMs: number | undefined, onDue: () => void): void {
    const present = timers.get(name)
    if (present?.atMs === atMs) return
    clearTimeout(present?.id)
    timers.delete(name)
    if (atMs === undefined) return
    const delayMs = atMs - Date.now()
    const fire = (): void => {
      timers.delete(name)
      if (delayMs > TIMER_MS_MAX) setTimer(name, atMs, onDue)
      else onDue()
    }
    timers.set(name, { atMs, id: setTimeout(fire, Math.min(delayMs, TIMER_MS_MAX)) })
  }

  return {
    get state() {
      return state
    },
    input,
    woke() {
      input({ type: 'woke' })
      if (timers.has('link')) checkSilence()
      check()
    },
    check,
    sendSeen({ epoch, seq }) {
      if (!isLive(state) || serverRevision < SEEN_REVISION || epoch !== serverEpoch) return false
      // On a stream it comes with the next `hello`, which is not due for some minutes.
      if (links.kind === 'stream') replaceBy(Date.now() + SEEN_WITHIN_MS)
      else links.send({ type: 'seen', seq })
      return true
    },
    get hasOrderRequests() {
      return serverRevision >= ORDER_REQUESTS_REVISION
    },
    requestOrders: send,
  }
}
