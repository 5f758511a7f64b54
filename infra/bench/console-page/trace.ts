import type { Browser, Page } from '@paxyo/testkit'

export interface Tasks {
  /** CPU time of the page's thread in all. */
  readonly cpuMs: number
  /** A task's CPU time depends on the page, its duration also on what else the machine does. */
  readonly longestCpuMs: number
  readonly longestMs: number
  readonly over50Ms: number
}

export interface Trace {
  stop(): Promise<Tasks>
}

/** An event of the trace event format; times are microseconds, `tdur` those of the thread's CPU. */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** Records every task of a page's main thread. */
export async function startTrace(browser: Browser, page: Page): Promise<Trace> {
  const categories = ['disabled-by-default-devtools.timeline', '__metadata']
  await browser.startTracing(page, { categories })
  return {
    async stop() {
      const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
      return tasksOf(traceEvents)
    },
  }
}

/** The page's thread is the renderer's with the most work: a spare renderer waits for the next page. */
function tasksOf(events: readonly TraceEvent[]): Tasks {
  const renderers = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
  const threads = renderers.map(({ pid, tid }) =>
    events.filter((event) => event.name === 'RunTask' && event.ph === 'X' && event.pid === pid && event.tid === tid),
  )
  const cpuOf = (tasks: readonly TraceEvent[]): number => tasks.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000
  const tasks = threads.toSorted((one, other) => cpuOf(other) - cpuOf(one))[0]
  if (tasks === undefined || tasks.length === 0) throw new Error('the trace has no tasks of a page')
  const longest = (times: readonly (number | undefined)[]): number =>
    times.reduce<number>((max, time = 0) => Math.max(max, time), 0) / 1000
  return {
    cpuMs: cpuOf(tasks),
    longestCpuMs: longest(tasks.map(({ tdur }) => tdur)),
    longestMs: longest(tasks.map(({ dur }) => dur)),
    over50Ms: tasks.filter(({ dur = 0 }) => dur > 50_000).length,
  }
}
