import { describe, expect, test } from '@jest/globals'
import { array, assert, boolean, constantFrom, double, integer, oneof, property, record, tuple } from 'fast-check'
import { ClientError } from '../src/client-error.ts'
import {
  initialState,
  transition,
  type ConnectionState,
  type Effect,
  type Input,
  type Phase,
  type Context,
} from '../src/connection-state.ts'
import type { Token } from '../src/token.ts'

const NOW_MS = 1_800_000_000_000
const around: Context = { nowMs: NOW_MS, random: 0.5, isOnline: true }
const later = (ms: number, more: Partial<Context> = {}): Context => ({
  ...around,
  nowMs: NOW_MS + ms,
  ...more,
})
const tokenFor = (ms: number, value = 'a-token'): Token => ({
  value,
  userId: 'ann',
  expiresAtMs: NOW_MS + ms,
  renewAtMs: NOW_MS + ms * 0.8,
})
const hour = tokenFor(3_600_000)
const lost = (code = 'connection_lost', final = false): Input => ({
  type: 'lost',
  error: new ClientError(code, code, { final }),
})

/** Applies inputs one after the other; returns the last step. */
function run(from: ConnectionState, inputs: readonly (Input | [Input, Context])[]) {
  let step: { state: ConnectionState; effects: readonly Effect[] } = { state: from, effects: [] }
  for (const each of inputs) {
    const [input, context] = Array.isArray(each) ? each : ([each, around] as const)
    step = transition(step.state, input, context)
  }
  return step
}
const start: Input = { type: 'start' }
const toLive: Input[] = [start, { type: 'token', token: hour }, { type: 'opened' }, { type: 'welcome' }]
const fresh = initialState(true, undefined)
const live = run(fresh, toLive).state

describe('the way to live', () => {
  test('a token, a socket, a hello, a welcome', () => {
    const effects: Effect[] = []
    const phases: Phase[] = []
    let state = fresh
    for (const input of toLive) {
      const step = transition(state, input, around)
      state = step.state
      phases.push(state.phase)
      effects.push(...step.effects)
    }
    expect(phases).toEqual(['getting_token', 'connecting', 'joining', 'live'])
    expect(effects).toEqual([
      { type: 'get_token', reason: 'initial' },
      { type: 'open_socket' },
      { type: 'send_hello', token: 'a-token' },
    ])
  })

  test('a token that is there already is used', () => {
    expect(run(initialState(true, hour), [start]).effects).toEqual([{ type: 'open_socket' }])
  })

  test('a new token is used whatever the clock says of it, so that a wrong clock does not ask for ever', () => {
    expect(run(fresh, [start, { type: 'token', token: tokenFor(-1000) }]).state.phase).toBe('connecting')
  })

  test('every wait on the way has an end', () => {
    const stuck = [run(fresh, [start]), run(fresh, toLive.slice(0, 2)), run(fresh, toLive.slice(0, 3))]
    for (const { state } of stuck) {
      expect(state.timerAtMs).toBeLessThanOrEqual(NOW_MS + 30_000)
      expect(transition(state, { type: 'timer' }, around).state.phase).toBe('waiting')
    }
  })
})

describe('coming back', () => {
  test('the first retry waits too, and the bounds double', () => {
    let { state } = run(live, [lost()])
    const waits = [state.timerAtMs! - NOW_MS]
    for (let count = 0; count < 6; count += 1) {
      state = run(state, [{ type: 'timer' }, lost()]).state
      waits.push(state.timerAtMs! - NOW_MS)
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000])
  })

  test('back-off goes on when the server takes clients in and loses them at once, and begins anew when it does not', () => {
    const tired = { ...live, failures: 5 }
    expect(run(tired, [[lost(), later(1_000)]]).state.failures).toBe(6)
    expect(run(tired, [[lost(), later(60_000)]]).state.failures).toBe(1)
  })

  test('a drain says when: no sooner, and no later', () => {
    const drained: Input = { type: 'drain', retryAfterMs: 7_000 }
    expect(run(live, [drained, [lost('draining'), later(2_000)]]).state.timerAtMs).toBe(NOW_MS + 7_000)
    expect(run(live, [drained, [lost('draining'), later(9_000)]]).state.timerAtMs).toBe(NOW_MS + 9_000)
    const endless: Input = { type: 'drain', retryAfterMs: 10 ** 12 }
    expect(run(live, [endless, lost('draining')]).state.timerAtMs).toBe(NOW_MS + 600_000)
  })

  test('the token is kept while it holds', () => {
    expect(run(live, [lost(), { type: 'timer' }]).effects).toEqual([{ type: 'open_socket' }])
  })

  test('after sleep an expired token is renewed before the socket is opened', () => {
    const awake = later(7_200_000)
    const { state, effects } = run(live, [
      [lost('link_dead'), awake],
      [{ type: 'timer' }, awake],
    ])
    expect(state.phase).toBe('getting_token')
    expect(effects).toEqual([{ type: 'get_token', reason: 'expired' }])
  })

  test('a token that the server calls expired is not used again', () => {
    expect(run(live, [lost('token_expired'), { type: 'timer' }]).effects).toEqual([
      { type: 'get_token', reason: 'expired' },
    ])
  })

  test('what the server refuses for good is not tried again', () => {
    const { state, effects } = run(live, [lost('invalid_token', true)])
    expect(state).toMatchObject({ phase: 'closed', error: { code: 'invalid_token', final: true } })
    expect(effects).toContainEqual({ type: 'close_socket' })
    expect(run(state, [start, { type: 'timer' }, { type: 'online' }])).toEqual({ state, effects: [] })
  })

  test('without getToken an expired token is the end', () => {
    const { state } = run(initialState(false, hour), [start, lost('token_expired')])
    expect(state).toMatchObject({ phase: 'closed', error: { code: 'token_expired', final: true } })
  })
})

describe('tokens', () => {
  test('a new one is asked for before the old one expires, and sent on the same connection', () => {
    expect(live.renewAtMs).toBe(NOW_MS + 3_600_000 * 0.8)
    const due = later(3_000_000)
    const renewing = run(live, [[{ type: 'renew' }, due]])
    expect(renewing.effects).toEqual([{ type: 'get_token', reason: 'expiring' }])
    const next = tokenFor(7_200_000, 'another')
    const { state, effects } = run(renewing.state, [[{ type: 'token', token: next }, due]])
    expect(effects).toEqual([{ type: 'send_refresh', token: 'another' }])
    expect(state).toMatchObject({ phase: 'live', token: next, renewAtMs: next.renewAtMs })
  })

  test('a page that is looked at again renews what became due meanwhile', () => {
    expect(run(live, [[{ type: 'woke' }, later(3_000_000)]]).state.phase).toBe('renewing')
    expect(run(live, [[{ type: 'woke' }, later(1_000)]]).state.phase).toBe('live')
  })

  test('failures are tried again with back-off while the connection goes on', () => {
    const failed: Input = { type: 'token_failed', error: new ClientError('token_failed', '') }
    let state = live
    const waits: number[] = []
    for (let count = 0; count < 4; count += 1) {
      state = run(state, [{ type: 'renew' }, failed]).state
      expect(state.phase).toBe('live')
      waits.push(state.renewAtMs! - NOW_MS)
    }
    expect(waits).toEqual([1500, 2000, 3000, 5000])
  })

  test('one that the server rejects is replaced with back-off, and never used again', () => {
    const rejected: Input = { type: 'token_rejected', error: new ClientError('invalid_token', '') }
    let state = live
    const waits: number[] = []
    for (let count = 0; count < 3; count += 1) {
      state = run(state, [{ type: 'renew' }, { type: 'token', token: tokenFor(3_600_000, 'bad') }, rejected]).state
      expect(state).toMatchObject({ phase: 'live', token: undefined })
      waits.push(state.renewAtMs! - NOW_MS)
    }
    expect(waits).toEqual([1500, 2000, 3000])
    expect(run(state, [lost(), { type: 'timer' }]).effects).toEqual([{ type: 'get_token', reason: 'expired' }])
  })

  test('failures on the way are tried again, but for a final one', () => {
    const failed = (final: boolean): Input => ({
      type: 'token_failed',
      error: new ClientError('signed_out', '', { final }),
    })
    expect(run(fresh, [start, failed(false)]).state.phase).toBe('waiting')
    expect(run(fresh, [start, failed(true)]).state).toMatchObject({ phase: 'closed', error: { code: 'signed_out' } })
    expect(run(live, [{ type: 'renew' }, failed(true)]).state.phase).toBe('closed')
  })
})

describe('the network and the page', () => {
  test('offline closes; online comes back soon, but not all at once', () => {
    const off = run(live, [{ type: 'offline' }])
    expect(off.state).toMatchObject({ phase: 'offline', timerAtMs: NOW_MS + 30_000 })
    expect(off.effects).toContainEqual({ type: 'close_socket' })
    expect(run(off.state, [{ type: 'online' }]).state).toMatchObject({ phase: 'waiting', timerAtMs: NOW_MS + 500 })
  })

  test('what fails while there is no network is called offline', () => {
    expect(run(live, [[lost(), later(0, { isOnline: false })]]).state.phase).toBe('offline')
  })

  test('a page that is put aside holds nothing, and comes back', () => {
    const aside = run(live, [{ type: 'suspend' }])
    expect(aside).toMatchObject({
      state: { phase: 'idle' },
      effects: [{ type: 'close_socket' }, { type: 'cancel_token' }],
    })
    expect(aside.state.timerAtMs ?? aside.state.renewAtMs).toBeUndefined()
    expect(run(aside.state, [start]).effects).toEqual([{ type: 'open_socket' }])
  })
})

const context = record({
  nowMs: integer({ min: NOW_MS - 10 ** 9, max: NOW_MS + 10 ** 9 }),
  random: double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  isOnline: boolean(),
})
const error = tuple(constantFrom('connection_lost', 'token_expired', 'draining', 'invalid_token'), boolean()).map(
  ([code, final]) => new ClientError(code, code, { final }),
)
const plain = constantFrom<Input>(
  { type: 'start' },
  { type: 'opened' },
  { type: 'welcome' },
  { type: 'timer' },
  { type: 'renew' },
  { type: 'online' },
  { type: 'offline' },
  { type: 'woke' },
  { type: 'suspend' },
)
const input = oneof(
  { weight: 8, arbitrary: plain },
  integer({ min: -1000, max: 10 ** 7 }).map((ms): Input => ({ type: 'token', token: tokenFor(ms) })),
  integer({ min: 0, max: 10 ** 7 }).map((retryAfterMs): Input => ({ type: 'drain', retryAfterMs })),
  error.map((why): Input => ({ type: 'token_failed', error: why })),
  error.map((why): Input => ({ type: 'token_rejected', error: why })),
  error.map((why): Input => ({ type: 'lost', error: why })),
  { weight: 1, arbitrary: error.map((why): Input => ({ type: 'fail', error: why })) },
)

/** The invariants that the effects break when they are carried out in order, as `connection.ts` does. */
function violations(before: ConnectionState, happenings: readonly (readonly [Input, Context])[]): string[] {
  let state = before
  const open = { socket: 0, request: 0 }
  const found: string[] = []
  for (const [next, where] of happenings) {
    if (next.type === 'token' || next.type === 'token_failed') open.request = 0
    if (next.type === 'lost') open.socket = 0
    const step = transition(state, next, where)
    state = step.state
    for (const { type } of step.effects) {
      if (type === 'open_socket') open.socket += 1
      if (type === 'close_socket') open.socket = 0
      if (type === 'get_token') open.request += 1
      if (type === 'cancel_token') open.request = 0
      if (type === 'send_hello' && open.socket === 0) found.push('hello without a socket')
      if (open.socket > 1 || open.request > 1) found.push(`two at a time after ${next.type}`)
    }
    const { phase, timerAtMs, renewAtMs } = state
    const rests = phase === 'idle' || phase === 'closed'
    if (rests && (open.socket > 0 || open.request > 0)) found.push(`${phase} holds on to something`)
    if (rests && (timerAtMs ?? renewAtMs) !== undefined) found.push(`${phase} has a timer`)
    if (!rests && phase !== 'live' && timerAtMs === undefined) found.push(`${phase} may last for ever`)
  }
  return found
}

test('whatever happens: one socket at most, one token request at most, and never stuck', () => {
  assert(
    property(boolean(), array(tuple(input, context), { maxLength: 60 }), (canRenew, happenings) => {
      expect(violations(initialState(canRenew, canRenew ? undefined : hour), happenings)).toEqual([])
    }),
    { numRuns: 3_000 },
  )
})
