import { killTree, signalTree } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** A process of a node that is killed, paused and started again. */
export interface NodeProcess extends AsyncDisposable {
  /** What it has printed since its first start. */
  readonly output: () => string
  start(): void
  kill(): Promise<void>
  pause(): void
  resume(): void
}

export interface NodeProcessOptions {
  /** The file that has its output. */
  readonly log: string
  readonly uid?: number
  readonly gid?: number
  readonly cwd?: string
}

export function startNodeProcess(
  program: string,
  args: readonly string[],
  { log, ...options }: NodeProcessOptions,
): NodeProcess {
  let child: ChildProcess
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const result: NodeProcess = {
    output: () => readFileSync(log, 'utf8'),
    start() {
      const file = openSync(log, 'a')
      const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8' }
      // A separate session has a separate share of the processor: leases must not expire because the workload keeps the machine
      // busy.
      child = spawn(program, args, { ...options, env, detached: true, stdio: ['ignore', file, file] })
      closeSync(file)
    },
    async kill() {
      if (hasEnded()) return
      const exited = once(child, 'exit')
      killTree(child.pid!)
      await exited
    },
    pause: () => signalTree(child.pid!, 'SIGSTOP'),
    resume: () => signalTree(child.pid!, 'SIGCONT'),
    [Symbol.asyncDispose]: () => result.kill(),
  }
  result.start()
  return result
}
