import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ask } from '../machine/ask-child.ts'
import type { Latencies } from '../load/latencies.ts'

/** What the clients' process is told to do. */
export type WsLoadOrder =
  | {
      readonly kind: 'connect'
      readonly variant: string
      readonly port: number
      readonly count: number
      /** Clients are users from this one on; 0 when it is not given. */
      readonly firstUser?: number
      /** Tokens are signed with it (HS256). */
      readonly jwtSecret: string
      /** Where each client's stream stood; without it each is new. */
      readonly resume?: { readonly epoch: string; readonly seq: number }
      /** How many events each client waits for before it counts as live. */
      readonly eventsFirst?: number
      /** How many may be on their way to being live at the same time; all of them when it is not given. */
      readonly atOnceMax?: number
    }
  | {
      readonly kind: 'publish'
      readonly variant: string
      readonly redisUrl: string
      readonly durationMs: number
      /** Events per second; without it `inFlightMax` are under way at every moment. */
      readonly ratePerSecond?: number
      readonly inFlightMax: number
    }
  | { readonly kind: 'disconnect' }

export interface Connected {
  /** Until the last client was live. */
  readonly elapsedMs: number
  readonly cpuSeconds: number
  /** How often a client was turned away, and came again. */
  readonly retries: number
}

export interface Published extends Latencies {
  readonly sent: number
  readonly received: number
  readonly perSecond: number
  readonly cpuSeconds: number
}

/** Many clients in a process of their own, which is the publisher, too: one clock for both ends. */
export interface WsLoad extends Disposable {
  connect(order: Omit<Extract<WsLoadOrder, { kind: 'connect' }>, 'kind'>): Promise<Connected>
  publish(order: Omit<Extract<WsLoadOrder, { kind: 'publish' }>, 'kind'>): Promise<Published>
  disconnect(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 90_000
const PUBLISH_EXTRA_MS = 30_000

export function startWsLoad(): WsLoad {
  const child = fork(fileURLToPath(new URL('ws-load-child.ts', import.meta.url)), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  return {
    connect: (order) => ask(child, { kind: 'connect', ...order }, CONNECT_TIMEOUT_MS),
    publish: (order) => ask(child, { kind: 'publish', ...order }, order.durationMs + PUBLISH_EXTRA_MS),
    disconnect: () => ask(child, { kind: 'disconnect' }, PUBLISH_EXTRA_MS),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
