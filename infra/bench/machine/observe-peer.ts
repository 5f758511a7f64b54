import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { EventLoop, Memory, ObserveOrder } from './peer.ts'

// Imported into every server under test: it says, when asked, what it holds and how late its timers have been.

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (how: object) => void
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

function memory(): Pick<Memory, 'heapBytes'> {
  // As V8 does when memory runs out: everything that can go goes, pages without objects too.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  return { heapBytes: process.memoryUsage().heapUsed }
}

function eventLoop(): EventLoop {
  const p99Ms = delay.percentile(99) / 1e6
  delay.reset()
  return { p99Ms }
}

process.on('message', ({ kind }: ObserveOrder | { readonly kind?: unknown }) => {
  // A peer may be sent orders of its own.
  if (kind === 'memory') process.send!(memory())
  if (kind === 'event-loop') process.send!(eventLoop())
})
// It is no reason to go on running.
process.channel?.unref()
