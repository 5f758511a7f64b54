import type { ClientMessage, Position, Welcome } from '@paxyo/contracts'
import { CHECK_REVISION, isReconnectable, ORDER_REQUESTS_REVISION, PROTOCOL_VERSION } from '@paxyo/contracts/data'
import type { ConnectOptions, TokenReason } from './api.ts'
import { ClientError } from './client-error.ts'
import { initialState, isLive, transition, type ConnectionState, type Effect, type Input } from './connection-state.ts'
import { checkLink, CHECK_RESPONSE_MS, CHECK_SECOND_LOOK_MS } from './link-check.ts'
import type { OrderRequest, OrderResponse } from './order-requests.ts'
import { isOnline } from './page.ts'
import { readToken } from './token.ts'
import { askWhy } from './why.ts'
import { readMessage, type ReceivedEvent } from './wire.ts'

export interface ConnectionDeps {
  readonly url: string
  readonly token: string | undefined
  readonly getToken: ConnectOptions['getToken']
  /** The position to resume from. */
  position(): Position | undefined
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
/** Most rejections are a network error, which the next attempt or two overcome. */
const REJECTIONS_PER_QUESTION = 3

type TimerName = 'timer' | 'renew' | 'link' | 'check'

export interface Connection {
  readonly state: ConnectionState
  /** Applies an input to the state machine, and carries out the effects. */
  input(input: Input): void
  /** The page is visible again, or the device was asleep: timers may be late, and the link may be dead. */
  woke(): void
  /** Checks whether the link still works, because the network may have changed. A dead one is lost within 3 seconds. */
  check(): void
  /** Whether the server knows such requests. */
  readonly hasOrderRequests: boolean
  requestOrders(request: OrderRequest): void
}

/** Carries out the effects of `connection-state.ts` on the socket, the timers and the tokens. It makes no decisions. */
export function createConnection(deps: ConnectionDeps): Connection {
  const firstToken = deps.token === undefined ? undefined : readToken(deps.token, Date.now())
  let state = initialState(deps.getToken !== undefined, firstToken)
  /** Inputs that arrive while effects are carried out are queued. */
  const inputs: Input[] = []
  let isBusy = false
  const timers = new Map<TimerName, { readonly atMs: number; readonly id: ReturnType<typeof setTimeout> }>()
  let tokenRequest: AbortController | undefined
  let socket: WebSocket | undefined
  let requestedPosition: Position | undefined
  /** The message of the server's `error`, which it sends before it closes. */
  let serverError: string | undefined
  let lastReceivedAtMs = 0
  let suspectedAtMs: number | undefined
  let silenceMsMax = 0
  let serverRevision = 0

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
        return openSocket()
      case 'close_socket': {
        const closing = socket
        socket = undefined
        setTimer('link', undefined, checkSilence)
        setTimer('check', undefined, checkSilence)
        return closing?.close()
      }
      case 'send_hello': {
        const { token } = effect
        const resume = (requestedPosition = deps.position())
        return send(resume === undefined ? { type: 'hello', token } : { type: 'hello', token, resume })
      }
      case 'send_refresh':
        send({ type: 'refresh', token: effect.token })
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

  function openSocket(): void {
    let opened: WebSocket
    try {
      opened = socket = new WebSocket(deps.url)
    } catch (cause) {
      // Node before version 22 has none.
      if (typeof WebSocket !== 'function')
        return fail('no_websocket', 'there is no WebSocket in this environment', cause)
      // A page on https cannot connect to ws: no attempt will succeed.
      return fail('url_rejected', `the browser rejects ${deps.url}`, cause)
    }
    serverError = undefined
    // Events of an abandoned socket are ignored.
    const isCurrent = (): boolean => socket === opened
    opened.addEventListener('open', () => isCurrent() && input({ type: 'opened' }))
    opened.addEventListener('message', ({ data }) => isCurrent() && receive(data))
    opened.addEventListener('close', (event) => {
      if (!isCurrent()) return
      const wasRejected = state.phase === 'connecting'
      lost(toError(event, serverError))
      if (wasRejected && state.failures % REJECTIONS_PER_QUESTION === 0) void askWhy(deps.url).then(explained)
    })
  }

  function explained(reason: Awaited<ReturnType<typeof askWhy>>): void {
    if (reason !== undefined) input({ type: 'explained', ...reason })
  }

  function receive(data: unknown): void {
    lastReceivedAtMs = Date.now()
    suspectedAtMs = undefined
    setTimer('check', undefined, checkSilence)
    const message = readMessage(data)
    switch (message?.type) {
      case undefined:
        return lost(new ClientError('bad_message', 'a message could not be read'))
      case 'ping':
        send({ type: 'pong' })
        return deps.onPing()
      case 'welcome':
        return welcome(message)
      case 'event':
        return deps.onEvent(message)
      case 'drain':
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
    if (!isLive(state) || serverRevision < CHECK_REVISION || timers.has('check')) return
    send({ type: 'check' })
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

  function send(message: ClientMessage): void {
    if (socket?.readyState === 1) socket.send(JSON.stringify(message))
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
    get hasOrderRequests() {
      return serverRevision >= ORDER_REQUESTS_REVISION
    },
    requestOrders: send,
  }
}

/** The close frame's reason is the name of the close code in the contract. */
function toError({ code, reason }: CloseEvent, message = `the connection was closed (${code})`): ClientError {
  return new ClientError(reason || 'connection_lost', message, { final: !isReconnectable(code) })
}
