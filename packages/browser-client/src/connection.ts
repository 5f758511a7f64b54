import type { ClientMessage, OrderEvent, Position, Welcome } from '@paxyo/contracts'
import type { ConnectOptions, TokenReason } from './api.ts'
import { ClientError } from './client-error.ts'
import { initialState, transition, type ConnectionState, type Effect, type Input } from './connection-state.ts'
import { checkLink } from './link-check.ts'
import { isOnline } from './page.ts'
import { readToken } from './token.ts'
import { PROTOCOL, readMessage } from './wire.ts'

export interface ConnectionDeps {
  readonly url: string
  readonly token: string | undefined
  readonly getToken: ConnectOptions['getToken']
  /** Where to resume from. */
  position(): Position | undefined
  /** A token has come, and says whose it is. The connection may be suspended here; the token is kept. */
  onIdentity(userId: string | undefined): void
  /**
   * @param saidPosition what hello asked to resume from.
   * @returns why it is not acceptable, if so.
   */
  onWelcome(welcome: Welcome, saidPosition: Position | undefined): ClientError | undefined
  onEvent(event: OrderEvent): void
  /** A sign of life has come, and nothing else. */
  onPing(): void
  onState(state: ConnectionState): void
}

/** setTimeout takes no more than 31 bits. */
const TIMER_MS_MAX = 2 ** 31 - 1
const SLACK_MS = 5_000
const FINAL_CODES = { from: 4500, to: 4999 }

type TimerName = 'timer' | 'renew' | 'link'

/** Carries out what `connection-state.ts` decides: the socket, the timers, the tokens. It decides nothing itself. */
export class Connection {
  readonly #deps: ConnectionDeps
  #state: ConnectionState
  #socket: WebSocket | undefined
  #tokenRequest: AbortController | undefined
  readonly #timers = new Map<TimerName, { readonly atMs: number; readonly id: ReturnType<typeof setTimeout> }>()
  /** What happens while an effect is carried out has to wait for it. */
  readonly #inputs: Input[] = []
  #isBusy = false
  #saidPosition: Position | undefined
  /** What the server said before it closed. */
  #serverError: string | undefined
  #heardAtMs = 0
  #suspectedAtMs: number | undefined
  #silenceMsMax = 0

  constructor(deps: ConnectionDeps) {
    this.#deps = deps
    const token = deps.token === undefined ? undefined : readToken(deps.token, Date.now())
    this.#state = initialState(deps.getToken !== undefined, token)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Lets something happen to the connection. */
  input(input: Input): void {
    this.#inputs.push(input)
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next)
    } finally {
      this.#isBusy = false
    }
  }

  /** The page was not looked at, or did not run, for a while. */
  woke(): void {
    this.input({ type: 'woke' })
    if (this.#timers.has('link')) this.#checkLink()
  }

  #step(input: Input): void {
    const surroundings = { nowMs: Date.now(), random: Math.random(), isOnline: isOnline() }
    const before = this.#state
    const { state, effects } = transition(before, input, surroundings)
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
    this.#setTimer('timer', state.timerAtMs, () => this.input({ type: 'timer' }))
    this.#setTimer('renew', state.renewAtMs, () => this.input({ type: 'renew' }))
    if (state !== before) this.#deps.onState(state)
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'get_token':
        return void this.#getToken(effect.reason)
      case 'cancel_token':
        this.#tokenRequest?.abort()
        this.#tokenRequest = undefined
        return
      case 'open_socket':
        return this.#openSocket()
      case 'close_socket':
        return this.#closeSocket()
      case 'send_hello': {
        const resume = (this.#saidPosition = this.#deps.position())
        return this.#send({ type: 'hello', token: effect.token, ...(resume === undefined ? {} : { resume }) })
      }
      case 'send_refresh':
        return this.#send({ type: 'refresh', token: effect.token })
    }
  }

  async #getToken(reason: TokenReason): Promise<void> {
    const request = (this.#tokenRequest = new AbortController())
    let input: Input
    try {
      const value = await this.#deps.getToken!({ reason, signal: request.signal })
      if (typeof value !== 'string' || value === '') throw new TypeError('getToken gave no string')
      input = { type: 'token', token: readToken(value, Date.now()) }
    } catch (error) {
      const final = error instanceof ClientError && error.final
      const cause = error instanceof Error ? error.message : String(error)
      input = {
        type: 'token_failed',
        error: final ? error : new ClientError('token_failed', `getToken failed: ${cause}`, { cause: error }),
      }
    }
    if (this.#tokenRequest !== request) return
    this.#tokenRequest = undefined
    if (input.type === 'token') this.#deps.onIdentity(input.token.userId)
    this.input(input)
  }

  #openSocket(): void {
    let socket: WebSocket
    try {
      socket = new WebSocket(this.#deps.url)
    } catch (cause) {
      // A page on https may not talk to ws: no attempt will ever succeed.
      const error = new ClientError('url_refused', `the browser refuses ${this.#deps.url}`, { cause, final: true })
      return this.input({ type: 'fail', error })
    }
    this.#socket = socket
    this.#serverError = undefined
    // What an abandoned socket still has to say is nobody's business.
    const isCurrent = (): boolean => this.#socket === socket
    socket.addEventListener('open', () => isCurrent() && this.input({ type: 'opened' }))
    socket.addEventListener('message', ({ data }) => isCurrent() && this.#receive(data))
    socket.addEventListener('close', (event) => isCurrent() && this.#lost(toError(event, this.#serverError)))
  }

  #closeSocket(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#setTimer('link', undefined, () => undefined)
    socket?.close(1000)
  }

  #lost(error: ClientError): void {
    this.input({ type: 'lost', error })
  }

  #receive(data: unknown): void {
    this.#heardAtMs = Date.now()
    this.#suspectedAtMs = undefined
    const message = readMessage(data)
    switch (message?.type) {
      case undefined:
        return this.#lost(new ClientError('bad_message', 'the server sent something that is not understood'))
      case 'ping':
        this.#send({ type: 'pong' })
        return this.#deps.onPing()
      case 'welcome':
        return this.#welcome(message)
      case 'event':
        return this.#deps.onEvent(message)
      case 'drain':
        return this.input({ type: 'drain', retryAfterMs: message.retryAfterMs })
      case 'error':
        this.#serverError = message.message
        return
      case 'unknown':
        return
    }
  }

  #welcome(welcome: Welcome): void {
    if (welcome.protocol !== PROTOCOL) {
      const message = `the server speaks version ${welcome.protocol} of the protocol, this client ${PROTOCOL}`
      return this.input({ type: 'fail', error: new ClientError('protocol_version', message, { final: true }) })
    }
    this.#silenceMsMax = 2 * welcome.pingIntervalMs + SLACK_MS
    this.#checkLink()
    const refusal = this.#deps.onWelcome(welcome, this.#saidPosition)
    this.input(refusal === undefined ? { type: 'welcome' } : { type: 'fail', error: refusal })
  }

  #checkLink(): void {
    const nowMs = Date.now()
    const judged = checkLink(
      {
        heardAtMs: this.#heardAtMs,
        silenceMsMax: this.#silenceMsMax,
        ...(this.#suspectedAtMs === undefined ? {} : { suspectedAtMs: this.#suspectedAtMs }),
      },
      nowMs,
    )
    if (judged.verdict === 'dead') return this.#lost(new ClientError('link_dead', 'nothing was heard from the server'))
    if (judged.verdict === 'suspect') this.#suspectedAtMs ??= nowMs
    this.#setTimer('link', nowMs + judged.checkInMs, () => this.#checkLink())
  }

  #send(message: ClientMessage): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message))
  }

  #setTimer(name: TimerName, atMs: number | undefined, onDue: () => void): void {
    const present = this.#timers.get(name)
    if (present?.atMs === atMs) return
    if (present !== undefined) clearTimeout(present.id)
    this.#timers.delete(name)
    if (atMs === undefined) return
    const delayMs = atMs - Date.now()
    const fire = (): void => {
      this.#timers.delete(name)
      if (delayMs > TIMER_MS_MAX) this.#setTimer(name, atMs, onDue)
      else onDue()
    }
    const id = setTimeout(fire, Math.min(Math.max(delayMs, 0), TIMER_MS_MAX))
    this.#timers.set(name, { atMs, id })
  }
}

/** The server gives its reasons as the close frame's reason, which is the code's name in the contract. */
function toError({ code, reason }: CloseEvent, message: string | undefined): ClientError {
  const final = code >= FINAL_CODES.from && code <= FINAL_CODES.to
  if (reason === '' || code < 4000)
    return new ClientError('connection_lost', `the connection broke (${code})`, { final })
  return new ClientError(reason, message ?? `the server closed the connection: ${reason} (${code})`, { final })
}
