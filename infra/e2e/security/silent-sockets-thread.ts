import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { holdSockets, type HeldSockets } from './silent-sockets.ts'

/** Silent sockets in a separate thread: the event loop of the other attackers is too busy to open as many as the gateways close. */
export interface SilentSockets {
  stop(): Promise<HeldSockets>
}

interface Options {
  readonly url: string
  readonly count: number
}

export function startSilentSockets(options: Options): SilentSockets {
  const worker = new Worker(new URL(import.meta.url), { workerData: options })
  const held = once(worker, 'message')
  // It is looked at when the attack is over.
  held.catch(() => undefined)
  return {
    async stop() {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage('stop')
      return ((await held) as [HeldSockets])[0]
    },
  }
}

if (!isMainThread && parentPort !== null) {
  const { url, count } = workerData as Options
  let isStopped = false
  parentPort.once('message', () => (isStopped = true))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort.postMessage(await holdSockets(url, count, () => isStopped))
}
