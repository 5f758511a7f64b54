import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { EventLoop, Memory, ObserveCommand } from './service.ts'

// Imported into every service under test. It reports its memory and the delay of its timers on request.

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (how: object) => void
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

function memory(): Pick<Memory, 'heapBytes'> {
  // The collection that V8 runs when memory is exhausted: it also releases pages without objects.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  return { heapBytes: process.memoryUsage().heapUsed }
}

function eventLoop(): EventLoop {
  const p99Ms = delay.percentile(99) / 1e6
  delay.reset()
  return { p99Ms }
}

process.on('message', ({ kind }: ObserveCommand | { readonly kind?: unknown }) => {
  // A variant may also receive its own commands.
  if (kind === 'memory') process.send!(memory())
  if (kind === 'event-loop') process.send!(eventLoop())
})
// The channel must not keep the process running.
process.channel?.unref()
