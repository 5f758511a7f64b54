import type { PanelState } from './panel-state.ts'
import { reduce, type Change } from './reduce.ts'

/** Runs a task once, soon; returns a function that cancels it. */
export type Schedule = (task: () => void) => () => void

export interface Store {
  readonly state: PanelState
  /** Queues a change; it is applied, together with others, before the next frame. */
  push(change: Change): void
  /** Applies the queued changes now. */
  flush(): void
}

/**
 * Collects changes and applies them in batches, so that a thousand events at once are one update of the state and of
 * the page.
 */
export function createStore(
  initial: PanelState,
  schedule: Schedule,
  onStep: (state: PanelState, before: PanelState, changes: readonly Change[]) => void,
): Store {
  let state = initial
  let waiting: Change[] = []
  let cancel: (() => void) | undefined

  function flush(): void {
    cancel?.()
    cancel = undefined
    const changes = waiting
    if (changes.length === 0) return
    waiting = []
    const before = state
    state = reduce(state, changes)
    onStep(state, before, changes)
  }

  return {
    get state() {
      return state
    },
    push(change) {
      waiting.push(change)
      cancel ??= schedule(flush)
    },
    flush,
  }
}
