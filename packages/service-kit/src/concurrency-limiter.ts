/**
 * Limits the number of concurrent requests; further requests wait in a queue. It rejects a request when the queue is
 * full or when the request has waited too long.
 */
export interface ConcurrencyLimiter {
  /** @returns a function that leaves, which is idempotent; undefined when the request is rejected. */
  enter(): Promise<(() => void) | undefined>
}

/**
 * @example
 * const limiter = createConcurrencyLimiter(1, 0, 1_000)
 * const leave = await limiter.enter()
 * (await limiter.enter()) === undefined //=> true
 * leave!()
 */
export function createConcurrencyLimiter(activeMax: number, waitingMax: number, waitMsMax: number): ConcurrencyLimiter {
  let active = 0
  const waiting = new Set<(isAdmitted: boolean) => void>()

  function makeLeave(): () => void {
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      const [next] = waiting
      // The next request in the queue takes over the slot.
      if (next === undefined) active -= 1
      else next(true)
    }
  }

  return {
    async enter() {
      if (active < activeMax) {
        active += 1
        return makeLeave()
      }
      if (waiting.size >= waitingMax) return undefined
      const wasAdmitted = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => settle(false), waitMsMax)
        const settle = (isAdmitted: boolean): void => {
          clearTimeout(timer)
          waiting.delete(settle)
          resolve(isAdmitted)
        }
        waiting.add(settle)
      })
      return wasAdmitted ? makeLeave() : undefined
    },
  }
}
