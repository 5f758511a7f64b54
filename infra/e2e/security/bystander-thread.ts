import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Target } from './attack.ts'
import { watchAsBystander, type Noticed } from './bystander.ts'

/** A bystander in a separate thread: the event loop of the attackers is busy, and would be measured, too. */
export interface BystanderThread {
  /** What it noticed since its start. */
  stop(): Promise<Noticed>
}

export function startBystander(target: Target): BystanderThread {
  const worker = new Worker(new URL(import.meta.url), { workerData: target })
  const noticed = once(worker, 'message')
  // It is looked at when the attack is over.
  noticed.catch(() => undefined)
  return {
    async stop() {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage('stop')
      return ((await noticed) as [Noticed])[0]
    },
  }
}

if (!isMainThread && parentPort !== null) {
  let isStopped = false
  parentPort.once('message', () => (isStopped = true))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort.postMessage(await watchAsBystander(workerData as Target, () => isStopped))
}
