/**
 * Limits the number of concurrent requests; further requests wait in a queue. It rejects a request when the queue is
 * full, when the part of the queue for its subject is full, or when the request has waited too long.
 */
export interface ConcurrencyLimiter {
  /**
   * @param subject of those with the same one, a few enter at the same time: they would wait for the same lock, and take
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

/** Limits of those that have the same subject, so that one fills neither the slots nor the queue. */
export interface SubjectLimits {
  /** 1 when undefined. */
  readonly activeMax?: number
  /** The whole queue when undefined. */
  readonly waitingMax?: number
}

/**
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
  { activeMax: activeOfSubjectMax = 1, waitingMax: waitingOfSubjectMax = waitingMax }: SubjectLimits = {},
): ConcurrencyLimiter {
  let active = 0
  const activeBySubject = new Map<string, number>()
  const waiting = new Set<Waiting>()
  const waitingBySubject = new Map<string, number>()

  const mayEnter = (subject: string | undefined): boolean =>
    active < activeMax && (subject === undefined || (activeBySubject.get(subject) ?? 0) < activeOfSubjectMax)

  const mayWait = (subject: string | undefined): boolean =>
    waiting.size < waitingMax && (subject === undefined || (waitingBySubject.get(subject) ?? 0) < waitingOfSubjectMax)

  function admit(subject: string | undefined): () => void {
    active += 1
    count(activeBySubject, subject, 1)
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      active -= 1
      count(activeBySubject, subject, -1)
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
        count(waitingBySubject, subject, -1)
        resolve(isAdmitted ? admit(subject) : undefined)
      }
      const entry = { subject, settle }
      waiting.add(entry)
      count(waitingBySubject, subject, 1)
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

function count(bySubject: Map<string, number>, subject: string | undefined, change: 1 | -1): void {
  if (subject === undefined) return
  const next = (bySubject.get(subject) ?? 0) + change
  if (next === 0) bySubject.delete(subject)
  else bySubject.set(subject, next)
}
