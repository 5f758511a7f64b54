import { DRAIN_MS_MAX } from '@paxyo/contracts/data'
import type { TokenReason } from './api.ts'
import { backOffMs, RETRY_DELAY_MS_MAX } from './back-off.ts'
import { ClientError } from './client-error.ts'
import type { Token } from './token.ts'

/**
 * The life of a connection, as values: what is, what happens, and what is to be done. No clock, no chance, no I/O.
 *
 *             start                token              opened             welcome
 *     idle ──────────▶ getting_token ─────▶ connecting ─────▶ joining ─────────▶ live ◀──────────┐
 *      ▲  └────────────────────────────────▶   ▲                 │               │ │  token     │
 *      │     start, with a token that holds    │ timer           │ lost, timer   │ └──▶ renewing ┘
 *      │                                       │                 ▼               │  renew   │
 *      │                                    waiting ◀────────────┴───────────────┴──────────┘
 *      │                                       │ ▲         lost (token_failed and timer lead here too)
 *      │                               offline ▼ │ online
 *      └── suspend, from anywhere           offline            fail, or a final error: closed, from anywhere
 *
 * From waiting and offline it goes on to connecting, or to getting_token when the token does not hold any more.
 */
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
  /** Attempts that failed in a row. */
  readonly failures: number
  /** Whether tokens can be had, or the one there is must do. */
  readonly canRenew: boolean
  readonly token: Token | undefined
  /** Why the next token will be asked for. */
  readonly tokenReason: TokenReason
  /** When the present phase has lasted long enough, in ms since 1970. */
  readonly timerAtMs: number | undefined
  /** When a new token is wanted while live. */
  readonly renewAtMs: number | undefined
  readonly renewalFailures: number
  readonly liveSinceMs: number
  /** The server's word on when to come back. */
  readonly drainedUntilMs: number | undefined
  /** What went wrong last. */
  readonly error: ClientError | undefined
}

export type Input =
  | { readonly type: 'start' }
  | { readonly type: 'token'; readonly token: Token }
  | { readonly type: 'token_failed'; readonly error: ClientError }
  | { readonly type: 'opened' }
  | { readonly type: 'welcome' }
  | { readonly type: 'drain'; readonly retryAfterMs: number }
  /** The socket was closed, or its link is dead, or what came through it made no sense. */
  | { readonly type: 'lost'; readonly error: ClientError }
  /** `timerAtMs` has come. */
  | { readonly type: 'timer' }
  /** `renewAtMs` has come. */
  | { readonly type: 'renew' }
  | { readonly type: 'online' }
  | { readonly type: 'offline' }
  /** Somebody looks at the page again; time may have passed unnoticed. */
  | { readonly type: 'woke' }
  /** The connection is not wanted for now: the page is put aside, or another tab has one. */
  | { readonly type: 'suspend' }
  /** It is over; without an error when the application wants it so. */
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

/** What a decision depends on besides the state. */
export interface Surroundings {
  readonly nowMs: number
  /** In [0, 1). */
  readonly random: number
  /** What the browser believes. */
  readonly isOnline: boolean
}

const TOKEN_TIMEOUT_MS = 30_000
/** From opening a socket to welcome. */
const JOIN_TIMEOUT_MS = 20_000
/** A connection that was live for this long has shown that the server is well: back-off begins anew. */
const STABLE_MS = 10_000
/** A token with less left would be old on arrival. */
const TOKEN_LEFT_MS_MIN = 2_000
const RENEWAL_DELAY_MS_MIN = 1_000

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
    drainedUntilMs: undefined,
    error: undefined,
  }
}

export function transition(state: ConnectionState, input: Input, surroundings: Surroundings): Step {
  const cell = TRANSITIONS[state.phase][input.type] as Cell<Input>
  return cell(state, input, surroundings)
}

type Cell<SomeInput> = (state: ConnectionState, input: SomeInput, surroundings: Surroundings) => Step
type Row = { readonly [Type in Input['type']]: Cell<Extract<Input, { type: Type }>> }

const CANCEL_TOKEN: Effect = { type: 'cancel_token' }
const LET_GO: readonly Effect[] = [{ type: 'close_socket' }, CANCEL_TOKEN]

const stay: Cell<unknown> = (state) => ({ state, effects: [] })

const keepToken: Cell<{ token: Token }> = (state, { token }) => ({ state: withToken(state, token), effects: [] })

/** Towards a connection: by way of a new token when the present one does not hold. */
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

/** A token is used at least once, whatever the clock says of it: clocks are wrong sometimes, and the server decides. */
const connectWith: Cell<{ token: Token }> = (state, { token }, { nowMs }) => open(withToken(state, token), nowMs)

const sayHello: Cell<unknown> = (state) => ({
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

const renewIfDue: Cell<unknown> = (state, input, surroundings) =>
  surroundings.nowMs >= (state.renewAtMs ?? Infinity)
    ? renew(state, input, surroundings)
    : stay(state, input, surroundings)

const renewed: Cell<{ token: Token }> = (state, { token }, { nowMs }) => {
  const next = withToken(inPhase(state, 'live'), token)
  return {
    state: { ...next, renewalFailures: 0, renewAtMs: renewalMs(next, nowMs) },
    effects: [{ type: 'send_refresh', token: token.value }],
  }
}

/** The connection goes on with the old token; when that has expired the server closes it. */
const renewalFailed: Cell<unknown> = (state, _input, { nowMs, random }) => ({
  state: {
    ...inPhase(state, 'live'),
    renewalFailures: state.renewalFailures + 1,
    renewAtMs: nowMs + RENEWAL_DELAY_MS_MIN + backOffMs(state.renewalFailures, random),
  },
  effects: [CANCEL_TOKEN],
})

const noteDrain: Cell<{ retryAfterMs: number }> = (state, { retryAfterMs }, { nowMs }) => ({
  state: { ...state, drainedUntilMs: nowMs + Math.min(retryAfterMs, DRAIN_MS_MAX) },
  effects: [],
})

const retry: Cell<{ error: ClientError }> = (state, input, surroundings) => {
  const { nowMs, random, isOnline } = surroundings
  const error = state.canRenew || input.error.code !== 'token_expired' ? input.error : noMoreTokens(input.error)
  if (error.final) return fail(state, { error }, surroundings)
  const wasStable = isLive(state) && nowMs - state.liveSinceMs >= STABLE_MS
  const failures = wasStable ? 0 : state.failures
  // A server that drains has spread its clients itself.
  const delayMs =
    state.drainedUntilMs === undefined ? backOffMs(failures, random) : Math.max(state.drainedUntilMs - nowMs, 0)
  return {
    state: {
      ...disconnected(state, isOnline ? 'waiting' : 'offline', nowMs + delayMs),
      token: error.code === 'token_expired' ? undefined : state.token,
      failures: failures + 1,
      error,
    },
    effects: LET_GO,
  }
}

const retryBecause =
  (code: string, message: string): Cell<unknown> =>
  (state, _input, surroundings) =>
    retry(state, { error: new ClientError(code, message) }, surroundings)

const tokenTookTooLong = retryBecause('token_failed', 'no token in time')
const joinTookTooLong = retryBecause('timeout', 'no welcome in time')

/** Browsers are sometimes wrong about the network, so it is tried again even so, seldom. */
const goOffline: Cell<unknown> = (state, _input, { nowMs }) => ({
  state: {
    ...disconnected(state, 'offline', nowMs + RETRY_DELAY_MS_MAX),
    error: new ClientError('offline', 'there is no network'),
  },
  effects: LET_GO,
})

/** Soon, but not at once: everybody in the house is back at the same moment. */
const retrySoon: Cell<unknown> = (state, _input, { nowMs, random }) => {
  const soonMs = nowMs + backOffMs(0, random)
  return { state: inPhase(state, 'waiting', Math.min(soonMs, state.timerAtMs ?? soonMs)), effects: [] }
}

const fail: Cell<{ error: ClientError | undefined }> = (state, { error }) => ({
  state: { ...disconnected(state, 'closed'), token: undefined, error },
  effects: LET_GO,
})

const suspend: Cell<unknown> = (state) => ({
  state: { ...disconnected(state, 'idle'), failures: 0 },
  effects: LET_GO,
})

const TRANSITIONS: { readonly [Name in Phase]: Row } = {
  idle: {
    start: begin,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: stay,
    renew: stay,
    online: stay,
    offline: stay,
    woke: stay,
    suspend: stay,
    fail,
  },
  getting_token: {
    start: stay,
    token: connectWith,
    token_failed: retry,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: tokenTookTooLong,
    renew: stay,
    online: stay,
    // The page may get its token from a service worker; if not, the request fails soon.
    offline: stay,
    woke: stay,
    suspend,
    fail,
  },
  connecting: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: sayHello,
    welcome: stay,
    drain: stay,
    lost: retry,
    timer: joinTookTooLong,
    renew: stay,
    online: stay,
    offline: goOffline,
    woke: stay,
    suspend,
    fail,
  },
  joining: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: goLive,
    drain: noteDrain,
    lost: retry,
    timer: joinTookTooLong,
    renew: stay,
    online: stay,
    offline: goOffline,
    woke: stay,
    suspend,
    fail,
  },
  live: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: noteDrain,
    lost: retry,
    timer: stay,
    renew,
    online: stay,
    offline: goOffline,
    woke: renewIfDue,
    suspend,
    fail,
  },
  renewing: {
    start: stay,
    token: renewed,
    token_failed: (state, { error }, surroundings) =>
      error.final ? fail(state, { error }, surroundings) : renewalFailed(state, undefined, surroundings),
    opened: stay,
    welcome: stay,
    drain: noteDrain,
    lost: retry,
    timer: renewalFailed,
    renew: stay,
    online: stay,
    offline: goOffline,
    woke: stay,
    suspend,
    fail,
  },
  waiting: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: begin,
    renew: stay,
    online: retrySoon,
    offline: goOffline,
    woke: retrySoon,
    suspend,
    fail,
  },
  offline: {
    start: stay,
    token: keepToken,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: begin,
    renew: stay,
    online: retrySoon,
    offline: stay,
    woke: (state, input, surroundings) => (surroundings.isOnline ? retrySoon : stay)(state, input, surroundings),
    suspend,
    fail,
  },
  closed: {
    start: stay,
    token: stay,
    token_failed: stay,
    opened: stay,
    welcome: stay,
    drain: stay,
    lost: stay,
    timer: stay,
    renew: stay,
    online: stay,
    offline: stay,
    woke: stay,
    suspend: stay,
    fail: stay,
  },
}

export function isLive({ phase }: ConnectionState): boolean {
  return phase === 'live' || phase === 'renewing'
}

function open(state: ConnectionState, nowMs: number): Step {
  return { state: inPhase(state, 'connecting', nowMs + JOIN_TIMEOUT_MS), effects: [{ type: 'open_socket' }] }
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
