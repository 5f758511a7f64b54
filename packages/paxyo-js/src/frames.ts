/** How long the work of one frame may take; the rest is done in the next one. */
const FRAME_BUDGET_MS = 8
/** A page in the background has no frames. */
const HIDDEN_DELAY_MS = 250

export interface Frames {
  /** Requests that the work runs in the next frame. Further requests before that have no effect. */
  request(): void
}

/**
 * Runs work at most once per frame, however often it is requested.
 *
 * @param work runs while `hasTime()`, and returns whether there is more to do.
 */
export function createFrames(work: (hasTime: () => boolean) => boolean): Frames {
  let cancel: (() => void) | undefined

  function run(): void {
    cancel?.()
    cancel = undefined
    const endMs = performance.now() + FRAME_BUDGET_MS
    let hasMore = true
    try {
      hasMore = work(() => performance.now() < endMs)
    } finally {
      // An error is the page's, and must not prevent the rest of the work.
      if (hasMore) request()
    }
  }

  function request(): void {
    if (cancel !== undefined) return
    // Use the first of the two: the page may be hidden before the frame.
    const frame = requestAnimationFrame(run)
    const timer = setTimeout(run, HIDDEN_DELAY_MS)
    cancel = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
  }

  return { request }
}
