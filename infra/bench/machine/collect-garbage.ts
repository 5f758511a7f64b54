import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CollectGarbage, Memory } from './peer.ts'

// Imported into every server under test: asked to, it collects its garbage and says what is left.

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (how: object) => void

process.on('message', (order: CollectGarbage | { readonly kind?: unknown }) => {
  // A peer may be sent orders of its own.
  if (order.kind !== 'collect-garbage') return
  // As V8 does when memory runs out: everything that can go goes, pages without objects too.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const { rss, heapUsed } = process.memoryUsage()
  process.send!({ residentBytes: rss, heapBytes: heapUsed } satisfies Memory)
})
// It is no reason to go on running.
process.channel?.unref()
