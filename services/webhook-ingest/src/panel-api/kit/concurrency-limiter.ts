/**
 * Lets a bounded number in at once; the others wait in line. Who would make the line too long is turned away, and so is
 * who has stood in it for too long.
 */
export interface Turnstile {
  /** @returns how to leave, which may be called again without harm; undefined when there is no getting in. */
  enter(): Promise<(() => void) | undefined>
}

export function createTurnstile(insideMax: number, waitingMax: number, waitMsMax: number): Turnstile {
  let inside = 0
  const waiting = new Set<(gotIn: boolean) => void>()

  function makeLeave(): () => void {
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      const [next] = waiting
      // Who is next takes over the place.
      if (next === undefined) inside -= 1
      else next(true)
    }
  }

  return {
    async enter() {
      if (inside < insideMax) {
        inside += 1
        return makeLeave()
      }
      if (waiting.size >= waitingMax) return undefined
      const isNext = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => settle(false), waitMsMax)
        const settle = (gotIn: boolean): void => {
          clearTimeout(timer)
          waiting.delete(settle)
          resolve(gotIn)
        }
        waiting.add(settle)
      })
      return isNext ? makeLeave() : undefined
    },
  }
}
