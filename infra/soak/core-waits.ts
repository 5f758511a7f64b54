import { readFileSync } from 'node:fs'

/** How long processes waited for a core. */
export interface CoreWaits {
  /** Looks at the processes again. */
  sample(pids: readonly number[]): void
  /** The total of all processes between two times, in ms. */
  between(fromMs: number, toMs: number): number
}

/**
 * Linux counts the time in which a thread could have run and had no core. A page that is late by less than that is late
 * because of the machine, not because of the software.
 */
export function createCoreWaits(): CoreWaits {
  const totals = new Map<number, number>()
  const samples: { readonly atMs: number; readonly ms: number }[] = []
  return {
    sample(pids) {
      let ms = 0
      for (const pid of pids) {
        const total = waitedMs(pid)
        if (total === undefined) continue
        ms += total - (totals.get(pid) ?? total)
        totals.set(pid, total)
      }
      samples.push({ atMs: Date.now(), ms })
    },
    between(fromMs, toMs) {
      let ms = 0
      samples.forEach((sample, index) => {
        const sinceMs = samples[index - 1]?.atMs ?? sample.atMs
        if (sample.atMs > fromMs && sinceMs < toMs) ms += sample.ms
      })
      return ms
    },
  }
}

/** Of the main thread, on which Node and Redis do their work; undefined for a process that has ended. */
function waitedMs(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    return undefined
  }
}
