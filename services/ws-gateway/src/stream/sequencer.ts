/**
 * Puts one client's events in order.
 *
 * It guarantees that each event is returned once, in `seq` order and without gaps, whatever is offered in whatever
 * order: the bus and backfills can both offer an event.
 *
 * How: it knows the last seq that the client has. An event up to that seq is a duplicate and is dropped; the next one is
 * returned; a later one is held until the events before it have arrived. Before `start` it holds everything. Held
 * events are bounded in bytes: beyond the bound it drops all of them but remembers the highest seq, so `hasGap` stays
 * true and the hub backfills the dropped events.
 *
 * Without it a browser would show a change twice after a backfill, and an older balance after a newer one.
 */
export class Sequencer {
  readonly #heldBytesMax: number
  /** Created when it is needed: most clients never wait for an event. */
  #held: Map<number, Buffer> | undefined
  #heldBytes = 0
  #last: number | undefined
  /** The highest seq that was offered. */
  #highest = 0

  constructor(heldBytesMax: number) {
    this.#heldBytesMax = heldBytesMax
  }

  /** The seq of the last event that the client has; undefined before `start`. */
  get last(): number | undefined {
    return this.#last
  }

  /**
   * Whether events were offered that it could not return: an earlier one is missing, or they were dropped for lack of
   * space.
   */
  get hasGap(): boolean {
    return this.#last !== undefined && this.#highest > this.#last
  }

  /** Sets the seq that the client has, and returns the held events that come next. */
  start(seq: number): Buffer[] {
    this.#last = seq
    for (const held of this.#held?.keys() ?? []) if (held <= seq) this.#release(held)
    return this.#takeNext()
  }

  /** Accepts an event, and returns the events to send now: none, this one, or this one and held ones after it. */
  offer(seq: number, bytes: Buffer): Buffer[] {
    if (this.#last !== undefined && seq <= this.#last) return []
    if (seq > this.#highest) this.#highest = seq
    if (this.#last !== undefined && seq === this.#last + 1 && this.#held === undefined) {
      this.#last = seq
      return [bytes]
    }
    this.#hold(seq, bytes)
    return this.#takeNext()
  }

  #hold(seq: number, bytes: Buffer): void {
    if (this.#held?.has(seq) === true) return
    // All held events are dropped when this one does not fit. `hasGap` stays true, so the hub backfills them.
    if (this.#heldBytes + bytes.length > this.#heldBytesMax) this.#clear()
    this.#held ??= new Map()
    this.#held.set(seq, bytes)
    this.#heldBytes += bytes.length
  }

  #takeNext(): Buffer[] {
    if (this.#last === undefined) return []
    const next: Buffer[] = []
    for (let bytes = this.#held?.get(this.#last + 1); bytes; bytes = this.#held?.get(this.#last + 1)) {
      next.push(bytes)
      this.#last += 1
      this.#release(this.#last)
    }
    return next
  }

  #release(seq: number): void {
    this.#heldBytes -= this.#held?.get(seq)?.length ?? 0
    this.#held?.delete(seq)
    if (this.#held?.size === 0) this.#held = undefined
  }

  #clear(): void {
    this.#held = undefined
    this.#heldBytes = 0
  }
}
