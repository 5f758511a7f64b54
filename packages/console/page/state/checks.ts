/** A check of the set-up: done, or what to do. */
export interface Check {
  readonly name: 'https' | 'clock' | 'socket' | 'webhooks' | 'server'
  /** `waiting` while it is not known yet; `open` when something is to be done. */
  readonly state: 'done' | 'open' | 'waiting'
}

export interface SetUpFacts {
  readonly protocol: string
  readonly hostname: string
  /** How far the browser's clock is ahead of the server's; undefined while it is not known. */
  readonly clockAheadMs: number | undefined
  readonly live: 'live' | 'connecting' | 'off'
  readonly hasDeliveries: boolean | undefined
  readonly isServerReached: boolean | undefined
}

/** Tokens are compared by their time: a clock that differs by more is reported. */
const CLOCK_MS_MAX = 30_000

const stateOf = (isDone: boolean | undefined): Check['state'] =>
  isDone === undefined ? 'waiting' : isDone ? 'done' : 'open'

export const isLoopback = (hostname: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

export const checksOf = (facts: SetUpFacts): readonly Check[] => [
  { name: 'https', state: stateOf(facts.protocol === 'https:' || isLoopback(facts.hostname)) },
  {
    name: 'clock',
    state: stateOf(facts.clockAheadMs === undefined ? undefined : Math.abs(facts.clockAheadMs) <= CLOCK_MS_MAX),
  },
  { name: 'socket', state: facts.live === 'live' ? 'done' : facts.live === 'connecting' ? 'waiting' : 'open' },
  { name: 'webhooks', state: stateOf(facts.hasDeliveries) },
  { name: 'server', state: stateOf(facts.isServerReached) },
]
