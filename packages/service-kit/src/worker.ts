/**
 * A background loop: work that is done when something wakes it, when more of it becomes due, and now and then in any
 * case. A relay of an outbox, a sender of what is due and a daily clean-up are such loops; what they share is here.
 *
 * It guarantees:
 *
 * - **Single flight.** There is never more than one run at a time.
 * - **No wake is lost.** A wake during a run is followed by one more run, which begins after it; so whatever was there at
 *   the time of the wake is seen. Many wakes during one run are followed by one.
 * - **A backstop.** The next run begins at most `backstopMs` after the last one ended, whatever it returned. A wake that
 *   never came, because its process died, costs that much and no more.
 * - **Errors end nothing.** An error goes to `onError`, and the next run begins `retryDelayMs` later.
 * - **A clean end.** `close` starts nothing more, stops the timer and waits for the current run, which its signal tells
 *   to hurry. No timer outlives it.
 *
 * It does so with one number: when the next run is due, by the monotonic clock. A wake, a delay that a run returned and
 * the backstop bring it forward, and the beginning of a run resets it. While nothing runs, one timer waits for it.
 */
export interface Worker extends AsyncDisposable {
  /** Runs at once, or once more after the current run; or at most `delayMs` from now. Does nothing once it is closed. */
  readonly wake: (delayMs?: number) => void
  /**
   * Wakes it and waits for a run that begins now or later.
   *
   * @throws what that run threw, which `onError` receives, too; Error when it is closed before.
   */
  readonly runNow: () => Promise<void>
  /** Starts no more runs, and waits for the current one. May be called several times. */
  readonly close: () => Promise<void>
}

export interface WorkerOptions {
  /**
   * One run. Its signal is aborted when the worker is closed.
   *
   * @returns in how many milliseconds the next one is due; nothing when that is not known.
   */
  readonly run: (signal: AbortSignal) => Promise<number | undefined | void>
  /** The longest time between two runs, in milliseconds. With `Infinity` it only runs when it is woken. */
  readonly backstopMs: number
  /** The time from a run that threw to the next one; `backstopMs` unless given. */
  readonly retryDelayMs?: number
  /** Receives what a run threw. It must not throw. */
  readonly onError: (error: unknown) => void
}

/** The longest delay that a timer takes; it counts a longer one as none. */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Creates a worker that is idle until it is woken for the first time.
 *
 * @example
 * await using worker = createWorker({
 *   async run(signal) {
 *     while (!signal.aborted && (await sendSome()) > 0);
 *     return nextDueInMs()
 *   },
 *   backstopMs: 30_000,
 *   retryDelayMs: 1_000,
 *   onError: (err) => log.warn({ err }, 'sending interrupted'),
 * })
 * worker.wake()
 */
export function createWorker({ run, backstopMs, retryDelayMs = backstopMs, onError }: WorkerOptions): Worker {
  const closing = new AbortController()
  const { signal } = closing
  let dueAtMs = Infinity
  let isRunning = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  /** What waits for the next run to end. */
  let nextRun: PromiseWithResolvers<void> | undefined

  function wake(delayMs = 0): void {
    if (signal.aborted) return
    dueAtMs = Math.min(dueAtMs, performance.now() + delayMs)
    if (!isRunning) startRunning()
  }

  function startRunning(): void {
    running = runWhileDue()
  }

  async function runWhileDue(): Promise<void> {
    isRunning = true
    clearTimeout(timer)
    while (!signal.aborted && dueAtMs <= performance.now()) await runOnce()
    isRunning = false
    if (signal.aborted || dueAtMs === Infinity) return
    // When it fires too early, by a moment or by far, nothing is due yet and another one waits for the rest.
    const delayMs = Math.max(dueAtMs - performance.now(), 0)
    timer = setTimeout(startRunning, Math.min(delayMs, TIMER_MS_MAX))
  }

  async function runOnce(): Promise<void> {
    const waiting = nextRun
    nextRun = undefined
    dueAtMs = Infinity
    let delayMs: number | undefined | void
    try {
      delayMs = await run(signal)
      waiting?.resolve()
    } catch (error) {
      onError(error)
      waiting?.reject(error)
      delayMs = retryDelayMs
    }
    dueAtMs = Math.min(dueAtMs, performance.now() + Math.min(delayMs ?? backstopMs, backstopMs))
  }

  async function close(): Promise<void> {
    closing.abort()
    clearTimeout(timer)
    await running
    nextRun?.reject(new Error('the worker is closed'))
    nextRun = undefined
  }

  return {
    wake,
    runNow() {
      if (signal.aborted) return Promise.reject(new Error('the worker is closed'))
      nextRun ??= Promise.withResolvers()
      const { promise } = nextRun
      wake()
      return promise
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
