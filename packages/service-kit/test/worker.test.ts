import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createWorker, type Worker, type WorkerOptions } from '../src/index.ts'

const BACKSTOP_MS = 30_000
const RETRY_DELAY_MS = 500

/** A run that the test ends. */
interface Run {
  /** On the fake clock, from the beginning of the test. */
  readonly atMs: number
  readonly signal: AbortSignal
  readonly end: (delayMs?: number) => Promise<void>
  readonly fail: (error: Error) => Promise<void>
}

let runs: Run[]
let errors: unknown[]
let worker: Worker
let startedAtMs: number
beforeEach(() => {
  jest.useFakeTimers()
  startedAtMs = performance.now()
  runs = []
  errors = []
  worker = open()
})
afterEach(() => {
  jest.useRealTimers()
})

const settle = (): Promise<void> => jest.advanceTimersByTimeAsync(0)
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms)
const startTimes = (): number[] => runs.map(({ atMs }) => atMs)

const open = (options: Partial<WorkerOptions> = {}): Worker =>
  createWorker({
    run(signal) {
      const ended = Promise.withResolvers<number | undefined>()
      runs.push({
        atMs: performance.now() - startedAtMs,
        signal,
        async end(delayMs) {
          ended.resolve(delayMs)
          await settle()
        },
        async fail(error) {
          ended.reject(error)
          await settle()
        },
      })
      return ended.promise
    },
    backstopMs: BACKSTOP_MS,
    retryDelayMs: RETRY_DELAY_MS,
    onError: (error) => errors.push(error),
    ...options,
  })

describe('when it runs', () => {
  test('not before it is woken, and then at once', async () => {
    await pass(10 * BACKSTOP_MS)
    expect(runs).toHaveLength(0)
    worker.wake()
    expect(runs).toHaveLength(1)
  })

  test('again after the delay that a run returned', async () => {
    worker.wake()
    await runs[0]!.end(20)
    await pass(19)
    expect(runs).toHaveLength(1)
    await pass(1)
    expect(startTimes()).toEqual([0, 20])
  })

  test('after the backstop when a run returned nothing, or a longer delay', async () => {
    worker.wake()
    await runs[0]!.end()
    await pass(BACKSTOP_MS)
    await runs[1]!.end(5 * BACKSTOP_MS)
    await pass(BACKSTOP_MS)
    expect(startTimes()).toEqual([0, BACKSTOP_MS, 2 * BACKSTOP_MS])
  })

  test('at once when a run returned that more is due', async () => {
    worker.wake()
    await runs[0]!.end(0)
    await runs[1]!.end(-100)
    expect(startTimes()).toEqual([0, 0, 0])
  })

  test('delays begin when a run ends', async () => {
    worker.wake()
    await pass(7)
    await runs[0]!.end(20)
    await pass(20)
    expect(startTimes()).toEqual([0, 27])
  })

  test('without a backstop only when it is woken', async () => {
    worker = open({ backstopMs: Infinity })
    worker.wake()
    await runs[0]!.end()
    expect(jest.getTimerCount()).toBe(0)
    worker.wake()
    expect(runs).toHaveLength(2)
  })
})

describe('a wake', () => {
  test('during a run is followed by one more run, however many there were', async () => {
    worker.wake()
    for (let count = 0; count < 5; count += 1) worker.wake()
    expect(runs).toHaveLength(1)
    await runs[0]!.end()
    expect(runs).toHaveLength(2)
    await runs[1]!.end()
    expect(runs).toHaveLength(2)
  })

  test('replaces the wait for the next run', async () => {
    worker.wake()
    await runs[0]!.end(100)
    await pass(60)
    worker.wake()
    expect(jest.getTimerCount()).toBe(0)
    await runs[1]!.end(100)
    await pass(99)
    expect(startTimes()).toEqual([0, 60])
    await pass(1)
    expect(startTimes()).toEqual([0, 60, 160])
  })

  test('may be for later, and the earliest counts', async () => {
    worker.wake(300)
    worker.wake(100)
    worker.wake(200)
    await pass(100)
    await runs[0]!.end()
    await pass(200)
    expect(startTimes()).toEqual([100])
  })

  test('for later counts during a run, too, and not beyond what the run returned', async () => {
    worker.wake()
    worker.wake(100)
    await pass(40)
    await runs[0]!.end(1_000)
    await pass(60)
    worker.wake(1_000)
    await runs[1]!.end(10)
    await pass(10)
    expect(startTimes()).toEqual([0, 100, 110])
  })

  test('by the run itself is one for afterwards', async () => {
    let count = 0
    worker = open({
      async run() {
        count += 1
        if (count === 1) worker.wake()
        await Promise.resolve()
      },
    })
    worker.wake()
    expect(count).toBe(1)
    await settle()
    expect(count).toBe(2)
  })
})

describe('a run that throws', () => {
  test('is reported and retried', async () => {
    worker.wake()
    await runs[0]!.fail(new Error('the database is away'))
    expect(errors).toEqual([new Error('the database is away')])
    await pass(RETRY_DELAY_MS)
    await runs[1]!.fail(new Error('still'))
    await pass(RETRY_DELAY_MS)
    expect(startTimes()).toEqual([0, RETRY_DELAY_MS, 2 * RETRY_DELAY_MS])
    expect(errors).toHaveLength(2)
  })

  test('is retried by the backstop when nothing else is configured', async () => {
    worker = createWorker({
      run: () => Promise.reject(new Error('no')),
      backstopMs: 70,
      onError: (e) => errors.push(e),
    })
    worker.wake()
    await pass(69)
    expect(errors).toHaveLength(1)
    await pass(1)
    expect(errors).toHaveLength(2)
  })

  test('is retried at once when it was woken meanwhile', async () => {
    worker.wake()
    worker.wake()
    await runs[0]!.fail(new Error('no'))
    expect(startTimes()).toEqual([0, 0])
  })
})

describe('running now', () => {
  test('waits for a run that begins after the call', async () => {
    const order: string[] = []
    worker.wake()
    const asked = worker.runNow().then(() => order.push('asked'))
    await runs[0]!.end()
    expect(order).toEqual([])
    await runs[1]!.end()
    await asked
    expect(order).toEqual(['asked'])
  })

  test('is shared by those who ask during the same run', async () => {
    const first = worker.runNow()
    const others = [worker.runNow(), worker.runNow()]
    await runs[0]!.end()
    await first
    await runs[1]!.end()
    await Promise.all(others)
    expect(runs).toHaveLength(2)
  })

  test('throws what the run threw; the next one may succeed', async () => {
    const failing = worker.runNow()
    void runs[0]!.fail(new Error('no'))
    await expect(failing).rejects.toThrow('no')
    expect(errors).toEqual([new Error('no')])
    const succeeding = worker.runNow()
    await runs[1]!.end()
    await succeeding
  })
})

describe('closing', () => {
  test('waits for the current run, which is told', async () => {
    worker.wake()
    expect(runs[0]!.signal.aborted).toBe(false)
    let isClosed = false
    const closed = worker.close().then(() => (isClosed = true))
    await settle()
    expect(runs[0]!.signal.aborted).toBe(true)
    expect(isClosed).toBe(false)
    await runs[0]!.end(0)
    await closed
    expect(runs).toHaveLength(1)
  })

  test('leaves no timer and starts nothing more', async () => {
    worker.wake()
    await runs[0]!.end(10)
    expect(jest.getTimerCount()).toBe(1)
    await worker.close()
    expect(jest.getTimerCount()).toBe(0)
    worker.wake()
    worker.wake(10)
    await pass(BACKSTOP_MS)
    expect(runs).toHaveLength(1)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('during a run that was to be followed by another leaves it at that', async () => {
    worker.wake()
    const asked = worker.runNow()
    const closed = worker.close()
    void runs[0]!.end()
    await expect(asked).rejects.toThrow('the worker is closed')
    await closed
    expect(runs).toHaveLength(1)
    await expect(worker.runNow()).rejects.toThrow('the worker is closed')
  })

  test('a run that fails meanwhile is reported, and not retried', async () => {
    worker.wake()
    const closed = worker.close()
    await runs[0]!.fail(new Error('cut off'))
    await closed
    expect(errors).toEqual([new Error('cut off')])
    expect(jest.getTimerCount()).toBe(0)
  })

  test('may happen before it was ever woken, twice, and at the end of a block', async () => {
    await worker.close()
    await worker.close()
    {
      await using scoped = open()
      scoped.wake(10)
    }
    expect(jest.getTimerCount()).toBe(0)
    expect(runs).toHaveLength(0)
  })
})
