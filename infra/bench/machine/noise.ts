import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** How busy the whole machine was during a measurement, as shares of all its cores. */
export interface Noise {
  /** The share of time in which the hypervisor gave our cores to other virtual machines. */
  readonly steal: number
  readonly idle: number
  /** How long the calibration loop took. Its work is always the same, so a longer time means a slower core. */
  readonly loopMs: number
}

interface CpuTimes {
  readonly total: number
  readonly idle: number
  readonly steal: number
}

/** Starts to watch the machine; the returned function ends it. */
export function watchNoise(): () => Noise {
  const before = cpuTimes()
  const loopBefore = calibrate()
  return () => {
    const after = cpuTimes()
    const total = Math.max(after.total - before.total, 1)
    return {
      steal: (after.steal - before.steal) / total,
      idle: (after.idle - before.idle) / total,
      loopMs: (loopBefore + calibrate()) / 2,
    }
  }
}

const LOOP_COUNT = 20_000_000

/** Runs a fixed piece of arithmetic; returns how many milliseconds it took. */
function calibrate(): number {
  const startedAt = performance.now()
  let hash = 1
  for (let index = 0; index < LOOP_COUNT; index += 1) hash = Math.imul(hash ^ index, 0x01000193)
  return hash === 0 ? 0 : performance.now() - startedAt
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks. */
function cpuTimes(): CpuTimes {
  if (process.platform !== 'linux') return { total: 0, idle: 0, steal: 0 }
  const ticks = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/\s+/).slice(1, 9).map(Number)
  return { total: ticks.reduce((sum, value) => sum + value, 0), idle: ticks[3]! + ticks[4]!, steal: ticks[7]! }
}

export const CORES = availableParallelism()
