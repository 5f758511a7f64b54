import { killTree, signalTree } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A process of a node that is killed, paused and started again. */
export interface NodeProcess extends AsyncDisposable {
  /** The end of what it has printed, since its first start. */
  readonly output: () => string
  readonly isRunning: () => boolean
  start(): void
  kill(): Promise<void>
  pause(): void
  resume(): void
}

export interface NodeProcessOptions {
  readonly uid?: number
  readonly gid?: number
  readonly cwd?: string
}

const OUTPUT_KEPT = 200_000

export function startNodeProcess(
  program: string,
  args: readonly string[],
  options: NodeProcessOptions = {},
): NodeProcess {
  let output = ''
  let child: ChildProcess
  const keep = (text: string): void => {
    output = (output + text).slice(-OUTPUT_KEPT)
  }
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const result: NodeProcess = {
    output: () => output,
    isRunning: () => !hasEnded(),
    start() {
      const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8' }
      // In a session of its own, which gets a share of the processor of its own: leases must not expire because the workload
      // keeps the machine busy.
      child = spawn(program, args, { ...options, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', keep)
      child.on('error', (error) => keep(error.message))
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
