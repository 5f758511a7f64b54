/**
 * The state machine of a connection: `transition(state, input, context)` returns the next state and the effects to
 * carry out. It has no clock, randomness or I/O; `connection.ts` supplies them and carries out the effects.
 *
 * It guarantees: at most one socket and one token request at a time; a socket is opened only with a token that has not
 * expired, as far as the client can renew it; every phase that waits has a timer; every failure leads to a retry with
 * full jitter, or to `closed` if it is final; nothing happens after `closed`.
 *
 * How: the table `TRANSITIONS` is total, so a combination of phase and input that is missing does not compile. The
 * decision about an input is never spread over callbacks of sockets, timers and token requests.
 *
 * Without it, the races between these callbacks (a token that arrives after a suspend, a close event of an old socket)
 * would open two sockets, leave a page without a reconnect, or make all clients reconnect at the same moment.
 *
 *             start                token              opened             welcome
 *     idle ──────────▶ getting_token ─────▶ connecting ─────▶ joining ─────────▶ live ◀──────────┐
 *      ▲  └────────────────────────────────▶   ▲                 │               │ │  token     │
 *      │     start, with a valid token         │ timer           │ lost, timer   │ └──▶ renewing ┘
 *      │                                       │                 ▼               │  renew   │
 *      │                                    waiting ◀────────────┴───────────────┴──────────┘
 *      │                                       │ ▲         lost (token_failed and timer lead here too)
 *      │                               offline ▼ │ online
 *      └── suspend, from anywhere           offline            fail, or a final error: closed, from anywhere
 *
 * After waiting and offline: connecting, or getting_token when the token has expired.
 */
import { DRAIN_MS_MAX } from '@paxyo/contracts/data'
import type { TokenReason } from './api.ts'
import { backOffMs, RETRY_DELAY_MS_MAX } from './back-off.ts'
import { ClientError } from './client-error.ts'
import type { Token } from './token.ts'

export type Phase =
  | 'idle'
  | 'getting_token'
  | 'connecting'
  | 'joining'
  | 'live'
  | 'renewing'
  | 'waiting'
  | 'offline'
  | 'closed'

export interface ConnectionState {
  readonly phase: Phase
  /** Consecutive failed attempts. */
  readonly failures: number
  /** Whether the client can get new tokens, or has only the one it was given. */
  readonly canRenew: boolean
  readonly token: Token | undefined
  /** Why the next token will be requested. */
  readonly tokenReason: TokenReason
  /** When the timer of the current phase fires, in ms since 1970. */
  readonly timerAtMs: number | undefined
  /** When to renew the token while live. */
  readonly renewAtMs: number | undefined
  readonly renewalFailures: number
  readonly liveSinceMs: number
  /** Whether the server has reported that events are late. */
  readonly isDelayed: boolean
  /** Whether the link may be dead. */
  readonly isSuspect: boolean
  /** When a draining server wants its clients to reconnect. */
  readonly drainedUntilMs: number | undefined
  /** The last error. */
  readonly error: ClientError | undefined
}

export type Input =
  | { readonly type: 'start' }
  | { readonly type: 'token'; readonly token: Token }
  | { readonly type: 'token_failed'; readonly error: ClientError }
  /** The server has rejected the token of a `refresh`; the connection lives until the token before it expires. */
  | { readonly type: 'token_rejected'; readonly error: ClientError }
  | { readonly type: 'opened' }
  | { readonly type: 'welcome' }
  | { readonly type: 'delay'; readonly isDelayed: boolean }
  /** The server has not responded soon, so that the link may be dead; or it has responded after all. */
  | { readonly type: 'suspect'; readonly isSuspect: boolean }
  | { readonly type: 'drain'; readonly retryAfterMs: number }
  /** The socket was closed, its link is dead, or it received a message that cannot be read. */
  | { readonly type: 'lost'; readonly error: ClientError }
  /** The server has reported why it rejects connections, and when to retry. */
  | { readonly type: 'explained'; readonly error: ClientError; readonly retryAfterMs: number }
  /** `timerAtMs` is reached. */
  | { readonly type: 'timer' }
  /** `renewAtMs` is reached. */
  | { readonly type: 'renew' }
  | { readonly type: 'online' }
  | { readonly type: 'offline' }
  /** The page is visible again; timers may have been late. */
  | { readonly type: 'woke' }
  /** The connection is not needed for now: the page is suspended, or another tab has the connection. */
  | { readonly type: 'suspend' }
  /** Ends the connection for good; without an error when the application closes it. */
  | { readonly type: 'fail'; readonly error: ClientError | undefined }

export type Effect =
  | { readonly type: 'get_token'; readonly reason: TokenReason }
  | { readonly type: 'cancel_token' }
  | { readonly type: 'open_socket' }
  | { readonly type: 'close_socket' }
  | { readonly type: 'send_hello'; readonly token: string }
  | { readonly type: 'send_refresh'; readonly token: string }

export interface Step {
  readonly state: ConnectionState
  readonly effects: readonly Effect[]
}

/** The inputs of a decision in addition to the state. */
export interface Context {
  readonly nowMs: number
  /** In [0, 1). */
  readonly random: number
  /** As the browser reports it. */
  readonly isOnline: boolean
}

const TOKEN_TIMEOUT_MS = 30_000
/** From opening the socket to `welcome`. */
const JOIN_TIMEOUT_MS = 20_000
/** A connection that was live for this long resets the back-off: the server works. */
const STABLE_MS = 10_000
/** A token with less time left could expire before the server receives it. */
const TOKEN_LEFT_MS_MIN = 2_000
const RENEWAL_DELAY_MS_MIN = 1_000
/** While there are too many connections a retry is likely to fail, and up to twice as long is soon enough. */
const LIMIT_DELAY_MS_MIN = 45_000

export function initialState(canRenew: boolean, token: Token | undefined): ConnectionState {
  return {
    phase: 'idle',
    failures: 0,
    canRenew,
    token,
    tokenReason: token === undefined ? 'initial' : 'expired',
    timerAtMs: undefined,
    renewAtMs: undefined,
    renewalFailures: 0,
    liveSinceMs: 0,
    isDelayed: false,
    isSuspect: false,
    drainedUntilMs: undefined,
    error: undefined,
  }
}

export function transition(state: ConnectionState, input: Input, context: Context): Step {
  const cell = TRANSITIONS[state.phase][input.type] as Cell<Input>
  return cell(state, input, context)
}

type Cell<SomeInput> = (state: ConnectionState, input: SomeInput, context: Context) => Step
type Row = { readonly [Type in Input['type']]: Cell<Extract<Input, { type: Type }>> }

const CANCEL_TOKEN: Effect = { type: 'cancel_token' }
const RELEASE: readonly Effect[] = [{ type: 'close_socket' }, CANCEL_TOKEN]

const ignore: Cell<unknown> = (state) => ({ state, effects: [] })

const keepToken: Cell<{ token: Token }> = (state, { token }) => ({ state: withToken(state, token), effects: [] })

/** Opens a socket; gets a new token first if the current one has expired. */
const begin: Cell<unknown> = (state, _input, { nowMs }) => {
  if (
    state.token !== undefined &&
    (!state.canRenew || nowMs < (state.token.expiresAtMs ?? Infinity) - TOKEN_LEFT_MS_MIN)
  ) {
    return open(state, nowMs)
  }
  return {
    state: inPhase(state, 'getting_token', nowMs + TOKEN_TIMEOUT_MS),
    effects: [{ type: 'get_token', reason: state.tokenReason }],
  }
}

/** A new token is used even if it looks expired: the clock may be wrong, and the server decides. */
const connectWith: Cell<{ token: Token }> = (state, { token }, { nowMs }) => open(withToken(state, token), nowMs)

const sendHello: Cell<unknown> = (state) => ({
  state: inPhase(state, 'joining', state.timerAtMs),
  effects: [{ type: 'send_hello', token: state.token!.value }],
})

const goLive: Cell<unknown> = (state, _input, { nowMs }) => ({
  state: {
    ...inPhase(state, 'live'),
    error: undefined,
    drainedUntilMs: undefined,
    liveSinceMs: nowMs,
    renewalFailures: 0,
    renewAtMs: renewalMs(state, nowMs),
  },
  effects: [],
})

const renew: Cell<unknown> = (state, _input, { nowMs }) => ({
  state: { ...inPhase(state, 'renewing', nowMs + TOKEN_TIMEOUT_MS), renewAtMs: undefined },
  effects: [{ type: 'get_token', reason: 'expiring' }],
})

const renewIfDue: Cell<unknown> = (state, input, context) =>
  context.nowMs >= (state.renewAtMs ?? Infinity) ? renew(state, input, context) : ignore(state, input, context)

const renewed: Cell<{ token: Token }> = (state, { token }, { nowMs }) => {
  const next = withToken(inPhase(state, 'live'), token)
  return {
    // The failures are kept: the server may reject this token, too.
    state: { ...next, renewAtMs: renewalMs(next, nowMs) },
    effects: [{ type: 'send_refresh', token: token.value }],
  }
}

/** The connection stays open with the old token; the server closes it when that expires. */
const renewalFailed: Cell<unknown> = (state, _input, { nowMs, random }) => ({
  state: {
    ...inPhase(state, 'live'),
    renewalFailures: state.renewalFailures + 1,
    renewAtMs: nowMs + RENEWAL_DELAY_MS_MIN + backOffMs(state.renewalFailures, random),
  },
  effects: [CANCEL_TOKEN],
})

/** Codes of errors after which only another token can help. */
const TOKEN_LOST: ReadonlySet<string> = new Set(['token_expired', 'token_revoked'])

const isTokenLost = ({ code }: ClientError): boolean => TOKEN_LOST.has(code)

/** The rejected token is not used again: a reconnect needs another one. */
const renewRejected: Cell<unknown> = (state, input, context) =>
  state.canRenew ? renewalFailed({ ...state, token: undefined }, input, context) : { state, effects: [] }

const noteDelay: Cell<{ isDelayed: boolean }> = (state, { isDelayed }) => ({
  state: { ...state, isDelayed },
  effects: [],
})

const noteSuspect: Cell<{ isSuspect: boolean }> = (state, { isSuspect }) => ({
  state: { ...state, isSuspect },
  effects: [],
})

const noteDrain: Cell<{ retryAfterMs: number }> = (state, { retryAfterMs }, { nowMs }) => ({
  state: { ...state, drainedUntilMs: nowMs + Math.min(retryAfterMs, DRAIN_MS_MAX) },
  effects: [],
})

const retry: Cell<{ error: ClientError }> = (state, input, context) => {
  const { nowMs, isOnline } = context
  const error = state.canRenew || !isTokenLost(input.error) ? input.error : noMoreTokens(input.error)
  if (error.final) return fail(state, { error }, context)
  const wasStable = isLive(state) && nowMs - state.liveSinceMs >= STABLE_MS
  const failures = wasStable ? 0 : state.failures
  const delayMs = retryDelayMs(state, error, failures, context)
  return {
    state: {
      ...disconnected(state, isOnline ? 'waiting' : 'offline', nowMs + delayMs),
      token: isTokenLost(error) ? undefined : state.token,
      failures: failures + 1,
      error,
    },
    effects: RELEASE,
  }
}

/** A reason that is known later than the failure. */
const explain: Cell<{ error: ClientError; retryAfterMs: number }> = (state, { error, retryAfterMs }, { nowMs }) => ({
  state: { ...state, error, timerAtMs: Math.max(state.timerAtMs ?? 0, nowMs + Math.min(retryAfterMs, DRAIN_MS_MAX)) },
  effects: [],
})

const retryBecause =
  (code: string, message: string): Cell<unknown> =>
  (state, _input, context) =>
    retry(state, { error: new ClientError(code, message) }, context)

const tokenTookTooLong = retryBecause('token_failed', 'no token in time')
const joinTookTooLong = retryBecause('timeout', 'no welcome in time')

/** Browsers are sometimes wrong about the network, so the client still retries, at the longest delay. */
const goOffline: Cell<unknown> = (state, _input, { nowMs }) => ({
  state: {
    ...disconnected(state, 'offline', nowMs + RETRY_DELAY_MS_MAX),
    error: new ClientError('offline', 'there is no network'),
  },
  effects: RELEASE,
})

/** Soon, but not at once: all clients in the same network come back online at the same moment. */
const retrySoon: Cell<unknown> = (state, _input, { nowMs, random }) => {
  const soonMs = nowMs + backOffMs(0, random)
  return { state: inPhase(state, 'waiting', Math.min(soonMs, state.timerAtMs ?? soonMs)), effects: [] }
}

const fail: Cell<{ error: ClientError | undefined }> = (state, { error }) => ({
  state: { ...disconnected(state, 'closed'), token: undefined, error },
  effects: RELEASE,
})

const suspend: Cell<unknown> = (state) => ({
  state: { ...disconnected(state, 'idle'), failures: 0 },
  effects: RELEASE,
})

const TRANSITIONS: { readonly [Name in Phase]: Row } = {
  idle: {
    start: begin,
    token: keepToken,
    token_failed: ignore,
    token_rejected: ignore,
    opened: ignore,
    welcome: ignore,
    delay: ignore,
    suspect: ignore,
    drain: ignore,
    lost: ignore,
    explained: ignore,
    timer: ignore,
    renew: ignore,
    online: ignore,
    offline: ignore,
    woke: ignore,
    suspend: ignore,
    fail,
  },
  getting_token: {
    start: ignore,
    token: connectWith,
    token_failed: retry,
    token_rejected: ignore,
    opened: ignore,
    welcome: ignore,
    delay: ignore,
    suspect: ignore,
    drain: ignore,
    lost: ignore,
    explained: ignore,
    timer: tokenTookTooLong,
    renew: ignore,
    online: ignore,
    // The page may get its token from a service worker; if not, the request fails soon.
    offline: ignore,
    woke: ignore,
    suspend,
    fail,
  },
  connecting: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    token_rejected: ignore,
    opened: sendHello,
    welcome: ignore,
    delay: ignore,
    suspect: ignore,
    drain: ignore,
    lost: retry,
    explained: ignore,
    timer: joinTookTooLong,
    renew: ignore,
    online: ignore,
    offline: goOffline,
    woke: ignore,
    suspend,
    fail,
  },
  joining: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    token_rejected: ignore,
    opened: ignore,
    welcome: goLive,
    delay: noteDelay,
    suspect: ignore,
    drain: noteDrain,
    lost: retry,
    explained: ignore,
    timer: joinTookTooLong,
    renew: ignore,
    online: ignore,
    offline: goOffline,
    woke: ignore,
    suspend,
    fail,
  },
  live: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    token_rejected: renewRejected,
    opened: ignore,
    welcome: ignore,
    delay: noteDelay,
    suspect: noteSuspect,
    drain: noteDrain,
    lost: retry,
    explained: ignore,
    timer: ignore,
    renew,
    online: ignore,
    offline: goOffline,
    woke: renewIfDue,
    suspend,
    fail,
  },
  renewing: {
    start: ignore,
    token: renewed,
    token_failed: (state, { error }, context) =>
      error.final ? fail(state, { error }, context) : renewalFailed(state, undefined, context),
    // A newer token is on its way.
    token_rejected: ignore,
    opened: ignore,
    welcome: ignore,
    delay: noteDelay,
    suspect: noteSuspect,
    drain: noteDrain,
    lost: retry,
    explained: ignore,
    timer: renewalFailed,
    renew: ignore,
    online: ignore,
    offline: goOffline,
    woke: ignore,
    suspend,
    fail,
  },
  waiting: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    token_rejected: ignore,
    opened: ignore,
    welcome: ignore,
    delay: ignore,
    suspect: ignore,
    drain: ignore,
    lost: ignore,
    explained: explain,
    timer: begin,
    renew: ignore,
    online: retrySoon,
    offline: goOffline,
    woke: retrySoon,
    suspend,
    fail,
  },
  offline: {
    start: ignore,
    token: keepToken,
    token_failed: ignore,
    token_rejected: ignore,
    opened: ignore,
    welcome: ignore,
    delay: ignore,
    suspect: ignore,
    drain: ignore,
    lost: ignore,
    explained: ignore,
    timer: begin,
    renew: ignore,
    online: retrySoon,
    offline: ignore,
    woke: (state, input, context) => (context.isOnline ? retrySoon : ignore)(state, input, context),
    suspend,
    fail,
  },
  closed: {
    start: ignore,
    token: ignore,
    token_failed: ignore,
    token_rejected: ignore,
    opened: ignore,
    welcome: ignore,
    delay: ignore,
    suspect: ignore,
    drain: ignore,
    lost: ignore,
    explained: ignore,
    timer: ignore,
    renew: ignore,
    online: ignore,
    offline: ignore,
    woke: ignore,
    suspend: ignore,
    fail: ignore,
  },
}

export function isLive({ phase }: ConnectionState): boolean {
  return phase === 'live' || phase === 'renewing'
}

function open(state: ConnectionState, nowMs: number): Step {
  const next = { ...inPhase(state, 'connecting', nowMs + JOIN_TIMEOUT_MS), isDelayed: false, isSuspect: false }
  return { state: next, effects: [{ type: 'open_socket' }] }
}

function retryDelayMs({ drainedUntilMs }: ConnectionState, { code }: ClientError, failures: number, context: Context) {
  const { nowMs, random } = context
  // A draining server has already distributed its clients over time.
  if (drainedUntilMs !== undefined) return Math.max(drainedUntilMs - nowMs, 0)
  return code === 'connection_limit' ? LIMIT_DELAY_MS_MIN * (1 + random) : backOffMs(failures, random)
}

function inPhase(state: ConnectionState, phase: Phase, timerAtMs?: number): ConnectionState {
  return { ...state, phase, timerAtMs }
}

function disconnected(state: ConnectionState, phase: Phase, timerAtMs?: number): ConnectionState {
  return { ...inPhase(state, phase, timerAtMs), renewAtMs: undefined, drainedUntilMs: undefined }
}

function withToken(state: ConnectionState, token: Token): ConnectionState {
  return { ...state, token, tokenReason: 'expired' }
}

function renewalMs({ token, canRenew }: ConnectionState, nowMs: number): number | undefined {
  if (!canRenew || token?.renewAtMs === undefined) return undefined
  return Math.max(token.renewAtMs, nowMs + RENEWAL_DELAY_MS_MIN)
}

function noMoreTokens(cause: ClientError): ClientError {
  return new ClientError('token_expired', 'the token has expired, and there is no getToken', { cause, final: true })
}
