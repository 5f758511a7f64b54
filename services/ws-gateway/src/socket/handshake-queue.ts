/**
 * Lets a few handshakes begin in each iteration of the event loop. Between them the process reads and sends what is due to
 * those who are connected: otherwise a hundred handshakes that arrive together keep them waiting for 50 ms.
 */
export class HandshakeQueue {
  readonly #perIteration: number
  readonly #waiting: (() => void)[] = []
  #begunInIteration = 0
  #isScheduled = false

  constructor(perIteration: number) {
    this.#perIteration = perIteration
  }

  /** Waits for its turn, in the order of the calls. @returns undefined when it is its turn now. */
  turn(): Promise<void> | undefined {
    if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => this.#nextIteration())
    }
    if (this.#begunInIteration < this.#perIteration && this.#waiting.length === 0) {
      this.#begunInIteration += 1
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #nextIteration(): void {
    const begun = this.#waiting.splice(0, this.#perIteration)
    for (const begin of begun) begin()
    this.#begunInIteration = begun.length
    this.#isScheduled = begun.length > 0
    if (this.#isScheduled) setImmediate(() => this.#nextIteration())
  }
}
