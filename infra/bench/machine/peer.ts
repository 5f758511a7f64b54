import { freePort } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ask } from './ask-child.ts'
import { childrenOf, cpuSecondsOfFamily, residentBytesOfFamily } from './processes.ts'

/** A server under test in a process of its own: ours, or another way to do the same. */
export interface Peer extends AsyncDisposable {
  readonly port: number
  readonly child: ChildProcess
  cpuSeconds(): number
  /** What it holds once its garbage is gone. */
  memory(): Promise<Memory>
  /** How late its timers have been since it was asked the last time. */
  eventLoop(): Promise<EventLoop>
}

export interface Memory {
  readonly residentBytes: number
  /** The part that is JavaScript objects. */
  readonly heapBytes: number
}

export interface EventLoop {
  /** A timer of 10 ms comes after this long in 99 of 100 cases; 10 is as soon as can be. */
  readonly p99Ms: number
}

/** What a server under test is asked. */
export interface ObserveOrder {
  readonly kind: 'memory' | 'event-loop'
}

const OBSERVE_PEER = fileURLToPath(new URL('observe-peer.ts', import.meta.url))
const OBSERVE_TIMEOUT_MS = 30_000

const START_TIMEOUT_MS = 20_000
const START_INTERVAL_MS = 50

export interface PeerOptions {
  /** Flags for Node, such as `--cpu-prof`. */
  readonly nodeArgs?: readonly string[]
}

/**
 * Runs a script that listens on `PORT`, and waits until it answers. What it prints goes nowhere, as into a log collector
 * that costs nothing; its errors are shown.
 */
export async function startPeer(
  script: string,
  env: Readonly<Record<string, string>>,
  { nodeArgs = [] }: PeerOptions = {},
): Promise<Peer> {
  const port = await freePort()
  const flags = ['--disable-warning=ExperimentalWarning', '--import', OBSERVE_PEER, ...nodeArgs]
  const child = spawn(process.execPath, [...flags, script], {
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  // What it has started itself would stay behind.
  const endChildren = (): void => childrenOf(child.pid!).forEach((pid) => process.kill(pid, 'SIGKILL'))
  const endWithUs = (): void => {
    endChildren()
    child.kill('SIGKILL')
  }
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    // A profile is written at an orderly end only.
    if (nodeArgs.length > 0) child.kill('SIGTERM')
    else endWithUs()
    await exited
  }
  for (let waitedMs = 0; !(await answers(port)); waitedMs += START_INTERVAL_MS) {
    if (child.exitCode !== null || waitedMs > START_TIMEOUT_MS) {
      await end()
      throw new Error(`${script} did not start`)
    }
    await sleep(START_INTERVAL_MS)
  }
  const observe = <Answer>(kind: ObserveOrder['kind']): Promise<Answer> =>
    ask(child, { kind } satisfies ObserveOrder, OBSERVE_TIMEOUT_MS)
  return {
    port,
    child,
    cpuSeconds: () => cpuSecondsOfFamily(child.pid!),
    async memory() {
      const { heapBytes } = await observe<Pick<Memory, 'heapBytes'>>('memory')
      return { residentBytes: residentBytesOfFamily(child.pid!), heapBytes }
    },
    eventLoop: () => observe<EventLoop>('event-loop'),
    [Symbol.asyncDispose]: end,
  }
}

function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/livez`).then(
    () => true,
    () => false,
  )
}
