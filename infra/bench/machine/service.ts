import { bundleProgram, freePort, hostEnvironment } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ask } from './ask-child.ts'
import { childrenOf, cpuSecondsOfFamily, residentBytesOfFamily, userSecondsOfFamily } from './processes.ts'

/** A service under test in its own process: ours or a baseline. */
export interface Service extends AsyncDisposable {
  readonly port: number
  readonly child: ChildProcess
  cpuSeconds(): number
  /** The part of them that is not the kernel's. */
  userSeconds(): number
  /** Its memory after a full garbage collection. */
  memory(): Promise<Memory>
  /** The delay of its timers since the last call. */
  eventLoop(): Promise<EventLoop>
}

export interface Memory {
  readonly residentBytes: number
  /** The part that JavaScript objects use. */
  readonly heapBytes: number
}

export interface EventLoop {
  /** The 99th percentile of the time after which a timer of 10 ms fires; 10 is the minimum. */
  readonly p99Ms: number
}

/** A request for an observation. */
export interface ObserveCommand {
  readonly kind: 'memory' | 'event-loop'
}

const OBSERVE_SERVICE = fileURLToPath(new URL('observe-service.ts', import.meta.url))
const OBSERVE_TIMEOUT_MS = 30_000

const START_TIMEOUT_MS = 60_000
const START_INTERVAL_MS = 50

export interface ServiceOptions {
  /** Node flags, such as `--cpu-prof`. */
  readonly nodeArgs?: readonly string[]
}

/**
 * Runs a script that listens on `PORT`, and waits until it responds. Its output is discarded, as by a log collector
 * without any cost; its errors are shown.
 */
export async function startService(
  script: string,
  env: Readonly<Record<string, string>>,
  { nodeArgs = [] }: ServiceOptions = {},
): Promise<Service> {
  const [observer, program, port] = await Promise.all([
    bundleProgram(OBSERVE_SERVICE),
    bundleProgram(script),
    freePort(),
  ])
  const flags = ['--disable-warning=ExperimentalWarning', '--import', observer, ...nodeArgs]
  const child = spawn(process.execPath, [...flags, program], {
    env: { ...hostEnvironment(), HOST: '127.0.0.1', ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  // Its own children would outlive it.
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
    // Node writes a profile only when it exits normally.
    if (nodeArgs.length > 0) child.kill('SIGTERM')
    else endWithUs()
    await exited
  }
  for (let waitedMs = 0; !(await responds(port)); waitedMs += START_INTERVAL_MS) {
    if (child.exitCode !== null || waitedMs > START_TIMEOUT_MS) {
      await end()
      throw new Error(`${script} did not start`)
    }
    await sleep(START_INTERVAL_MS)
  }
  const observe = <Result>(kind: ObserveCommand['kind']): Promise<Result> =>
    ask(child, { kind } satisfies ObserveCommand, OBSERVE_TIMEOUT_MS)
  return {
    port,
    child,
    cpuSeconds: () => cpuSecondsOfFamily(child.pid!),
    userSeconds: () => userSecondsOfFamily(child.pid!),
    async memory() {
      const { heapBytes } = await observe<Pick<Memory, 'heapBytes'>>('memory')
      return { residentBytes: residentBytesOfFamily(child.pid!), heapBytes }
    },
    eventLoop: () => observe<EventLoop>('event-loop'),
    [Symbol.asyncDispose]: end,
  }
}

function responds(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/livez`).then(
    () => true,
    () => false,
  )
}
