/** Lets a bounded number in at once; the others wait in line, and who would make the line too long is turned away. */
export interface Turnstile {
  /** @returns how to leave, which may be called again without harm; undefined when too many wait. */
  enter(): Promise<(() => void) | undefined>
}

export function createTurnstile(insideMax: number, waitingMax: number): Turnstile {
  let inside = 0
  const waiting: (() => void)[] = []

  function makeLeave(): () => void {
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      const next = waiting.shift()
      // Who is next takes over the place.
      if (next === undefined) inside -= 1
      else next()
    }
  }

  return {
    async enter() {
      if (inside < insideMax) {
        inside += 1
        return makeLeave()
      }
      if (waiting.length >= waitingMax) return undefined
      await new Promise<void>((resolve) => waiting.push(resolve))
      return makeLeave()
    },
  }
}
