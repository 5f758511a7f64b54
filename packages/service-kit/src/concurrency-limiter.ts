/**
 * Limits the number of concurrent requests; further requests wait in a queue. It rejects a request when the queue is
 * full, when the part of the queue for its subject is full, or when the request has waited too long.
 */
export interface ConcurrencyLimiter {
  /**
   * @param subject requests with the same one enter one after the other: they would wait for the same lock, and take
   * the slots of requests that do not need it.
   * @returns a function that leaves, which is idempotent; undefined when the request is rejected.
   */
  enter(subject?: string): Promise<(() => void) | undefined>
  /** Whether a request would be rejected now, without waiting. */
  isFull(subject?: string): boolean
}

interface Waiting {
  readonly subject: string | undefined
  readonly settle: (isAdmitted: boolean) => void
}

/**
 * @param waitingOfSubjectMax how many of those that wait may have the same subject, so that one does not fill the queue.
 * @example
 * const limiter = createConcurrencyLimiter(1, 0, 1_000)
 * const leave = await limiter.enter()
 * (await limiter.enter()) === undefined //=> true
 * leave!()
 */
export function createConcurrencyLimiter(
  activeMax: number,
  waitingMax: number,
  waitMsMax: number,
  waitingOfSubjectMax: number = waitingMax,
): ConcurrencyLimiter {
  let active = 0
  const activeSubjects = new Set<string>()
  const waiting = new Set<Waiting>()
  const waitingBySubject = new Map<string, number>()

  const mayEnter = (subject: string | undefined): boolean =>
    active < activeMax && (subject === undefined || !activeSubjects.has(subject))

  const waitingOf = (subject: string): number => waitingBySubject.get(subject) ?? 0

  const mayWait = (subject: string | undefined): boolean =>
    waiting.size < waitingMax && (subject === undefined || waitingOf(subject) < waitingOfSubjectMax)

  function countWaiting(subject: string | undefined, change: 1 | -1): void {
    if (subject === undefined) return
    const count = waitingOf(subject) + change
    if (count === 0) waitingBySubject.delete(subject)
    else waitingBySubject.set(subject, count)
  }

  function admit(subject: string | undefined): () => void {
    active += 1
    if (subject !== undefined) activeSubjects.add(subject)
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      active -= 1
      if (subject !== undefined) activeSubjects.delete(subject)
      admitNext()
    }
  }

  /** One slot or one subject became free, so at most one can enter. */
  function admitNext(): void {
    for (const { subject, settle } of waiting) {
      if (mayEnter(subject)) return settle(true)
    }
  }

  function waitForSlot(subject: string | undefined): Promise<(() => void) | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(false), waitMsMax)
      const settle = (isAdmitted: boolean): void => {
        clearTimeout(timer)
        waiting.delete(entry)
        countWaiting(subject, -1)
        resolve(isAdmitted ? admit(subject) : undefined)
      }
      const entry = { subject, settle }
      waiting.add(entry)
      countWaiting(subject, 1)
    })
  }

  return {
    async enter(subject) {
      if (mayEnter(subject)) return admit(subject)
      return mayWait(subject) ? waitForSlot(subject) : undefined
    },
    isFull: (subject) => !mayEnter(subject) && !mayWait(subject),
  }
}
