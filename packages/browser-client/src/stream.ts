import type { AccountView, OrderView, Position } from './api.ts'
import type { ReceivedEvent } from './wire.ts'

export interface Snapshot {
  readonly position: Position
  readonly account: AccountView | undefined
  readonly orders: readonly OrderView[]
}

export interface StreamDeps {
  onSnapshot(snapshot: Snapshot): void
  onEvent(event: ReceivedEvent): void
}

/** `gap`: events are missing before this one. `foreign`: it is of another epoch, or nothing is known yet. */
export type Placement = 'next' | 'known' | 'gap' | 'foreign'

/** Enough for a tab that was busy; who is further behind asks the server. */
const RECENT_MAX = 256

/**
 * The one gate to the application. Wherever events come from, this tab's connection or another tab's, each goes through
 * once and in order.
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

  /** Begins somewhere without being told what came before. */
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

  /** @returns what came after a position, or undefined when that is not known here. */
  since({ epoch, seq }: Position): readonly ReceivedEvent[] | undefined {
    const last = this.#position
    if (last?.epoch !== epoch || seq < last.seq - this.#recent.length) return undefined
    return this.#recent.filter((event) => event.seq > seq)
  }
}
