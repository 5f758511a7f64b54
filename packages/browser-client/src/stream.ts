import type { AccountView, OrderView, Position, TotalsView } from './api.ts'
import type { ReceivedEvent } from './wire.ts'

export interface Snapshot {
  readonly position: Position
  readonly account: AccountView | undefined
  readonly orders: readonly OrderView[]
  readonly totals: TotalsView | undefined
  readonly older: string | undefined
}

export interface StreamDeps {
  onSnapshot(snapshot: Snapshot): void
  onEvent(event: ReceivedEvent): void
}

/** `gap`: events are missing before this one. `foreign`: it is from another epoch, or there is no position yet. */
export type Placement = 'next' | 'known' | 'gap' | 'foreign'

/** Enough for a tab that was busy; a tab that is further behind resumes from the server. */
const RECENT_MAX = 256

/**
 * The only way to the application. It passes on each event once and in order, whether it comes from this tab's
 * connection or from another tab's.
 */
export class Stream {
  readonly #deps: StreamDeps
  #position: Position | undefined
  /** The last events, without gaps, up to the position. */
  #recent: ReceivedEvent[] = []

  constructor(deps: StreamDeps, position: Position | undefined) {
    this.#deps = deps
    this.#position = position
  }

  get position(): Position | undefined {
    return this.#position
  }

  /** Starts at a position without a snapshot. */
  begin(position: Position): void {
    this.#position ??= position
  }

  offer(epoch: string, event: ReceivedEvent): Placement {
    const last = this.#position
    if (last?.epoch !== epoch) return 'foreign'
    if (event.seq <= last.seq) return 'known'
    if (event.seq > last.seq + 1) return 'gap'
    this.#position = { epoch, seq: event.seq }
    this.#recent.push(event)
    if (this.#recent.length > RECENT_MAX) this.#recent.shift()
    this.#deps.onEvent(event)
    return 'next'
  }

  replace(snapshot: Snapshot): void {
    this.#position = snapshot.position
    this.#recent = []
    this.#deps.onSnapshot(snapshot)
  }

  /** @returns the events after a position, or undefined when they are no longer kept. */
  since({ epoch, seq }: Position): readonly ReceivedEvent[] | undefined {
    const last = this.#position
    if (last?.epoch !== epoch || seq < last.seq - this.#recent.length) return undefined
    return this.#recent.filter((event) => event.seq > seq)
  }
}
