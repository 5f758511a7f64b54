/**
 * Lets a bounded number in at once; the others wait in line. An entry that would make the line too long is rejected, and
 * so is one that has waited for too long.
 */
export interface ConcurrencyLimiter {
  /** @returns how to leave, which may be called again without harm; undefined when there is no getting in. */
  enter(): Promise<(() => void) | undefined>
}

export function createConcurrencyLimiter(insideMax: number, waitingMax: number, waitMsMax: number): ConcurrencyLimiter {
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
