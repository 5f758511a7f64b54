import { bundleProgram } from '@paxyo/testkit'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ask } from '../machine/ask-child.ts'
import type { Latencies } from '../load/latencies.ts'

/** A task for the clients' process. */
export type WsLoadCommand =
  | {
      readonly kind: 'connect'
      readonly variant: string
      readonly port: number
      readonly count: number
      /** The index of the first client's user; default 0. */
      readonly firstUser?: number
      /** Signs the tokens (HS256). */
      readonly jwtSecret: string
      /** The position from which each client resumes; without it each is new. */
      readonly resume?: { readonly epoch: string; readonly seq: number }
      /** How many events each client waits for before it counts as live. */
      readonly eventsFirst?: number
      /** How many clients connect concurrently; default all. */
      readonly atOnceMax?: number
      /** The first of their loopback addresses, 127.0.0.`n`; default 1. */
      readonly firstAddress?: number
      /** Default 20,000. */
      readonly clientsPerAddress?: number
    }
  | {
      readonly kind: 'publish'
      readonly variant: string
      readonly redisUrl: string
      readonly durationMs: number
      /** Events per second; without it `inFlightMax` are in flight at every moment. */
      readonly ratePerSecond?: number
      readonly inFlightMax: number
    }
  | {
      /** Publishes to users who are not connected. */
      readonly kind: 'publish-unheard'
      readonly variant: string
      readonly redisUrl: string
      readonly durationMs: number
      readonly ratePerSecond: number
    }
  | { readonly kind: 'disconnect' }

export interface Connected {
  /** The time until the last client was live. */
  readonly elapsedMs: number
  readonly cpuSeconds: number
  /** How often a rejected client reconnected. */
  readonly retries: number
}

export interface Published extends Latencies {
  readonly sent: number
  readonly received: number
  readonly perSecond: number
  readonly cpuSeconds: number
}

/** Many clients in a separate process, which is also the publisher: one clock for both ends. */
export interface WsLoad extends Disposable {
  connect(command: Omit<Extract<WsLoadCommand, { kind: 'connect' }>, 'kind'>): Promise<Connected>
  publish(command: Omit<Extract<WsLoadCommand, { kind: 'publish' }>, 'kind'>): Promise<Published>
  publishUnheard(command: Omit<Extract<WsLoadCommand, { kind: 'publish-unheard' }>, 'kind'>): Promise<{ sent: number }>
  disconnect(): Promise<void>
}

const CHILD = fileURLToPath(new URL('ws-load-child.ts', import.meta.url))
const CONNECT_TIMEOUT_MS = 90_000
const PUBLISH_EXTRA_MS = 30_000

export async function startWsLoad(): Promise<WsLoad> {
  const child = fork(await bundleProgram(CHILD), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  return {
    connect: (command) => ask(child, { kind: 'connect', ...command }, CONNECT_TIMEOUT_MS),
    publish: (command) => ask(child, { kind: 'publish', ...command }, command.durationMs + PUBLISH_EXTRA_MS),
    publishUnheard: (command) =>
      ask(child, { kind: 'publish-unheard', ...command }, command.durationMs + PUBLISH_EXTRA_MS),
    disconnect: () => ask(child, { kind: 'disconnect' }, PUBLISH_EXTRA_MS),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
