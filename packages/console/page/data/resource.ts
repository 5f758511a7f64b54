import { useSignal, type ReadonlySignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { toProblem, type ApiProblem } from './api.ts'
import type { Concerns } from './changes.ts'
import { onChange } from './live.ts'

export interface Resource<Data> {
  /** The last that was read; undefined before the first response. */
  readonly data: ReadonlySignal<Data | undefined>
  readonly problem: ReadonlySignal<ApiProblem | undefined>
  readonly reload: () => void
}

/** A burst of changes is one request: reads are at least so far apart. */
const RELOAD_INTERVAL_MS = 500

/**
 * What a page shows of the API. It is read when the page opens and when a change concerns it, never on a timer.
 *
 * @param key reads again when it changes.
 */
export function useResource<Data>(
  key: string,
  load: (signal: AbortSignal) => Promise<Data>,
  concerns: Concerns,
): Resource<Data> {
  const data = useSignal<Data | undefined>(undefined)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  const latest = useRef({ load, concerns })
  latest.current = { load, concerns }
  const reload = useRef(() => {})

  useEffect(() => {
    const reader = createReader({
      read: async (signal) => {
        try {
          data.value = await latest.current.load(signal)
          problem.value = undefined
        } catch (error) {
          if (signal.aborted) return
          problem.value = toProblem(error)
        }
      },
      intervalMs: RELOAD_INTERVAL_MS,
    })
    data.value = undefined
    problem.value = undefined
    reload.current = reader.request
    reader.request()
    const stopListening = onChange((change) => {
      if (latest.current.concerns(change)) reader.request()
    })
    return () => {
      stopListening()
      reader.stop()
    }
  }, [key])

  return { data, problem, reload: () => reload.current() }
}

export interface Reader {
  readonly request: () => void
  readonly stop: () => void
}

/** Reads at once, one at a time; requests during a read and shortly after it are one further read. */
export function createReader(options: {
  readonly read: (signal: AbortSignal) => Promise<void>
  readonly intervalMs: number
}): Reader {
  const abort = new AbortController()
  let isReading = false
  let isWanted = false

  async function run(): Promise<void> {
    isReading = true
    while (isWanted && !abort.signal.aborted) {
      isWanted = false
      await options.read(abort.signal)
      await pause(options.intervalMs, abort.signal)
    }
    isReading = false
  }

  return {
    request() {
      isWanted = true
      if (!isReading) void run()
    },
    stop: () => abort.abort(),
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
