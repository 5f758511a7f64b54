/** Times of many responses, in milliseconds. */
export interface Latencies {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** @param times in milliseconds; they are sorted in place. */
export function summarize(times: number[]): Latencies {
  const sorted = Float64Array.from(times).toSorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}
