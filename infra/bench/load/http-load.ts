import { ask } from '../machine/ask-child.ts'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Latencies } from './latencies.ts'

/** What the load generator is told to do. */
export interface HttpLoadOrder {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly durationMs: number
  /** Webhooks per second, sent whether earlier ones were answered or not; without it each connection sends its next one when it has its answer. */
  readonly ratePerSecond?: number
  /** Provider order ids go from 1 to this. */
  readonly orders: number
  /** How many orders earlier loads have canceled: the next ones follow. */
  readonly canceledBefore: number
}

export interface HttpLoadResult extends Latencies {
  readonly answered: number
  readonly perSecond: number
  /** Answers that were not 200, and connections that broke. */
  readonly failed: number
  /** How many cancellations were answered by 200; each names another order. */
  readonly canceled: number
  /** The generator's own CPU seconds. */
  readonly cpuSeconds: number
}

/** A process of its own that sends webhooks, so that its work is not the service's or ours. */
export interface HttpLoad extends Disposable {
  run(order: HttpLoadOrder): Promise<HttpLoadResult>
}

const TIMEOUT_EXTRA_MS = 30_000

export function startHttpLoad(): HttpLoad {
  const child = fork(fileURLToPath(new URL('http-load-child.ts', import.meta.url)), { serialization: 'advanced' })
  return {
    run: (order) => ask(child, order, order.durationMs + TIMEOUT_EXTRA_MS),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
