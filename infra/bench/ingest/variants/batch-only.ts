import { createPool } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { createBatcher, createOutbox } from '@paxyo/ledger'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { randomUUID } from 'node:crypto'
import type { HttpLoadCommand, HttpLoadResult } from '../../load/http-load.ts'
import { summarize } from '../../load/latencies.ts'
import { webhookBodies } from '../../load/webhook-bodies.ts'

// The lower bound: webhook-ingest's batches without HTTP. There are as many senders as there would be connections, and
// each sends its next webhook when the last one is committed.

const log = createLogger('batch-only', 'warn')
const pool = createPool({ url: process.env['DATABASE_URL']!, role: 'ingest', name: 'batch-only', max: 10 })
const bus = createRedisBus({ url: process.env['REDIS_URL']!, channelPrefix: 'batch-only:', onError: () => undefined })
const provider = createGodOfPanel()
const outbox = createOutbox({ pool, publisher: bus.connectPublisher(), log })
const batcher = createBatcher({ pool, newId: randomUUID, outbox, log })
outbox.start()

process.on('message', (command: HttpLoadCommand) => {
  run(command).then(
    (result) => process.send!(result),
    (error: unknown) => process.send!({ error: String(error) }),
  )
})

async function run(command: HttpLoadCommand): Promise<HttpLoadResult> {
  const nextBody = webhookBodies(command.orders, command.canceledBefore)
  const times: number[] = []
  let [failed, canceled] = [0, 0]
  const startedAt = performance.now()
  const sender = async (): Promise<void> => {
    while (performance.now() < startedAt + command.durationMs) {
      const sentAt = performance.now()
      const { text, isCancel } = nextBody()
      const parsed = provider.parseUpdates('application/json', Buffer.from(text))
      if ('error' in parsed) throw new Error(parsed.error)
      const { update, body } = parsed.updates[0]!
      const delivery = { deliveryId: randomUUID(), provider: provider.name, update, body, receivedAt: new Date() }
      const result = await batcher.submit([delivery])
      times.push(performance.now() - sentAt)
      if (typeof result === 'string') failed += 1
      else if (isCancel) canceled += 1
    }
  }
  await Promise.all(Array.from({ length: command.connections }, sender))
  const perSecond = (times.length / (performance.now() - startedAt)) * 1000
  return { responses: times.length, perSecond, failed, canceled, cpuSeconds: 0, ...summarize(times) }
}

await listen(createHttpServer({ log, trustProxy: false }), { host: '127.0.0.1', port: Number(process.env['PORT']) })
