/**
 * Puts one client's events in order: what it has seen is dropped, what comes too early is held. Until it is told where
 * the client stands it holds everything.
 */
export class Sequencer {
  readonly #heldBytesMax: number
  /** Made when it is needed: most clients never have to wait for an event. */
  #held: Map<number, Buffer> | undefined
  #heldBytes = 0
  #last: number | undefined
  /** The highest seq that was ever offered. */
  #highest = 0

  constructor(heldBytesMax: number) {
    this.#heldBytesMax = heldBytesMax
  }

  /** The seq that the client has, once that is known. */
  get last(): number | undefined {
    return this.#last
  }

  /** Whether there are events that can't be sent before others have come, held or too many to be held. */
  get hasGap(): boolean {
    return this.#last !== undefined && this.#highest > this.#last
  }

  /** Sets where the client stands, and returns what of the held events comes next. */
  start(seq: number): Buffer[] {
    this.#last = seq
    for (const held of this.#held?.keys() ?? []) if (held <= seq) this.#release(held)
    return this.#takeNext()
  }

  /** Takes an event in, and returns what can be sent now: nothing, this one, or this one and held ones after it. */
  offer(seq: number, bytes: Buffer): Buffer[] {
    if (this.#last !== undefined && seq <= this.#last) return []
    if (seq > this.#highest) this.#highest = seq
    if (seq === (this.#last ?? Infinity) + 1 && this.#held === undefined) {
      this.#last = seq
      return [bytes]
    }
    this.#hold(seq, bytes)
    return this.#takeNext()
  }

  #hold(seq: number, bytes: Buffer): void {
    if (this.#held?.has(seq) === true) return
    // What does not fit is forgotten, the newest too: the gap that this leaves is filled from the database.
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
