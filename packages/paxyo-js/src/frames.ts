/** Writing to the page takes at most this much of a frame; the rest waits for the next one. */
const FRAME_BUDGET_MS = 8
/** A page in the background has no frames. */
const HIDDEN_DELAY_MS = 250

export interface Frames {
  /** Asks for the work to be done in the next frame; asking again before it changes nothing. */
  request(): void
}

/**
 * Does work once a frame, however often it is asked for.
 *
 * @param work goes on while `hasTime()`, and says whether there is more to do.
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
      // What can't be done is an error of the page, and must not keep the rest from being done.
      if (hasMore) request()
    }
  }

  function request(): void {
    if (cancel !== undefined) return
    // Whichever comes first: the page may be hidden between the two.
    const frame = requestAnimationFrame(run)
    const timer = setTimeout(run, HIDDEN_DELAY_MS)
    cancel = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
  }

  return { request }
}
