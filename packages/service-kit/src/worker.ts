/**
 * A background loop: it runs when it is woken, when more work becomes due, and regularly in any case. The outbox relay,
 * the outgoing webhooks and the daily clean-up are such loops.
 *
 * It guarantees:
 *
 * - **Single flight.** There is never more than one run at a time.
 * - **No wake is lost.** A wake during a run is followed by one more run, which begins after it and therefore sees all work
 *   that existed at the time of the wake. Many wakes during one run are followed by one.
 * - **A backstop.** The next run begins at most `backstopMs` after the last one ended, whatever it returned. When
 *   a wake is missing, because its process died, the delay is at most that.
 * - **Errors do not end the loop.** An error is passed to `onError`, and the next run begins `retryDelayMs` later.
 * - **A clean end.** `close` starts no further runs, stops the timer, aborts the signal of the current run and waits for
 *   it. No timer remains.
 *
 * It does so with one number: when the next run is due, by the monotonic clock. A wake, a delay that a run returned and
 * the backstop move it forward, and the beginning of a run resets it. Between runs, one timer waits for it.
 */
export interface Worker extends AsyncDisposable {
  /** Runs now, or once more after the current run; or at most `delayMs` from now. Does nothing after `close`. */
  readonly wake: (delayMs?: number) => void
  /**
   * Wakes it and waits for a run that begins now or later.
   *
   * @throws the run's error, which `onError` receives, too; Error when the worker is closed before.
   */
  readonly runNow: () => Promise<void>
  /** Starts no more runs, and waits for the current one. May be called several times. */
  readonly close: () => Promise<void>
}

export interface WorkerOptions {
  /**
   * One run. Its signal is aborted when the worker is closed.
   *
   * @returns the milliseconds until the next run is due; undefined when that is not known.
   */
  readonly run: (signal: AbortSignal) => Promise<number | undefined | void>
  /** The longest time between two runs, in milliseconds. With `Infinity` it only runs when it is woken. */
  readonly backstopMs: number
  /** The time from a failed run to the next one. Default: `backstopMs`. */
  readonly retryDelayMs?: number
  /** Receives the error of a failed run. It must not throw. */
  readonly onError: (error: unknown) => void
}

/** The longest delay of a timer; Node treats a longer one as no delay. */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Creates a worker that is idle until it is woken for the first time.
 *
 * @example
 * let runs = 0
 * await using worker = createWorker({
 *   run: async () => void (runs += 1),
 *   backstopMs: 30_000,
 *   onError: (error) => log.error(error),
 * })
 * await worker.runNow()
 * runs //=> 1
 */
export function createWorker({ run, backstopMs, retryDelayMs = backstopMs, onError }: WorkerOptions): Worker {
  const closing = new AbortController()
  const { signal } = closing
  let dueAtMs = Infinity
  let isRunning = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  /** Settled with the next run. */
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
    // When the timer fires too early, nothing is due yet, and another timer waits for the rest.
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
