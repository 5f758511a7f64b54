import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Target } from './attack.ts'
import { watchAsBystander, type Noticed } from './bystander.ts'

/** A bystander in a separate process: that of the attackers is busy, and comes last. */
export interface BystanderProcess extends AsyncDisposable {
  readonly pid: number
  /** What it noticed since its start. */
  stop(): Promise<Noticed>
}

const SCRIPT = fileURLToPath(import.meta.url)

export function startBystander(target: Target): BystanderProcess {
  const child = fork(SCRIPT, [JSON.stringify(target)])
  const exited = once(child, 'exit')
  const failed = exited.then(([code]: number[]) => {
    throw new Error(`the bystander has ended with ${code}`)
  })
  // It is looked at when the attack is over.
  failed.catch(() => undefined)
  return {
    pid: child.pid!,
    async stop() {
      child.send('stop')
      const noticed = once(child, 'message') as Promise<[Noticed]>
      return (await Promise.race([noticed, failed]))[0]
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

if (process.argv[1] === SCRIPT) {
  let isStopped = false
  process.once('message', () => (isStopped = true))
  // Its parent has ended.
  process.once('disconnect', () => process.exit())
  process.send!(await watchAsBystander(JSON.parse(process.argv[2]!) as Target, () => isStopped))
}
