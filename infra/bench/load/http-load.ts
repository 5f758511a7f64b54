import { ask } from '../machine/ask-child.ts'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Latencies } from './latencies.ts'

/** A task for the load generator. */
export interface HttpLoadCommand {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly durationMs: number
  /** Webhooks per second, independent of the responses; without it each connection sends its next one after the response. */
  readonly ratePerSecond?: number
  /** Provider order ids go from 1 to this. */
  readonly orders: number
  /** How many orders earlier loads have canceled; this load cancels the next ones. */
  readonly canceledBefore: number
  /** Sent in place of webhooks: a complete request, in which the number of the request replaces each `{n}`, with nine digits. */
  readonly request?: string
}

export interface HttpLoadResult extends Latencies {
  readonly responses: number
  readonly perSecond: number
  /** Responses other than 200. */
  readonly failed: number
  /** How many cancellations got a 200; each names another order. */
  readonly canceled: number
  /** The generator's own CPU seconds. */
  readonly cpuSeconds: number
}

/** A separate process that sends webhooks, so that its work counts neither as the service's nor as the benchmark's. */
export interface HttpLoad extends Disposable {
  run(command: HttpLoadCommand): Promise<HttpLoadResult>
}

const TIMEOUT_EXTRA_MS = 30_000

export function startHttpLoad(): HttpLoad {
  const child = fork(fileURLToPath(new URL('http-load-child.ts', import.meta.url)), { serialization: 'advanced' })
  return {
    run: (command) => ask(child, command, command.durationMs + TIMEOUT_EXTRA_MS),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
