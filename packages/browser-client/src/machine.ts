import { transition, type ConnectionState, type Effect, type Input } from './connection-state.ts'
import { isOnline } from './page.ts'
import type { Timers } from './timers.ts'

export interface MachineDeps {
  readonly initial: ConnectionState
  readonly timers: Timers<'timer' | 'renew'>
  readonly carryOut: (effect: Effect) => void
  readonly onChange: (before: ConnectionState, input: Input) => void
}

/** Runs the state machine of a connection. */
export interface Machine {
  readonly state: ConnectionState
  /** Applies an input, and carries out the effects. An input that arrives meanwhile is applied after it. */
  readonly input: (input: Input) => void
}

export function createMachine({ initial, timers, carryOut, onChange }: MachineDeps): Machine {
  let state = initial
  const inputs: Input[] = []
  let isBusy = false

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
    if (state !== before) onChange(before, next)
  }

  /** The timers of the state machine are inputs. */
  function setTimer(type: 'timer' | 'renew', atMs: number | undefined): void {
    if (atMs === undefined) timers.clear(type)
    else timers.set(type, atMs, () => input({ type }))
  }

  return {
    get state() {
      return state
    },
    input,
  }
}
