/** Decides which handshakes are accepted: so many a second, with bursts of as many. */
export class HandshakeAdmission {
  readonly #perSecondMax: number
  #allowed: number
  #refilledAtMs: number

  constructor(perSecondMax: number, nowMs: number) {
    this.#perSecondMax = perSecondMax
    this.#allowed = perSecondMax
    this.#refilledAtMs = nowMs
  }

  admit(nowMs: number): boolean {
    // A clock that was set back refills nothing.
    const elapsedMs = Math.max(nowMs - this.#refilledAtMs, 0)
    this.#allowed = Math.min(this.#perSecondMax, this.#allowed + (elapsedMs / 1000) * this.#perSecondMax)
    this.#refilledAtMs = nowMs
    if (this.#allowed < 1) return false
    this.#allowed -= 1
    return true
  }
}
