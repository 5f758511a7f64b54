import type { EventPublisher } from '@paxyo/event-bus'
import { addGauge, type ReadinessCheck } from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { createBatcher } from './commit/batcher.ts'
import { newId } from './new-id.ts'
import { registerOrdersRoute } from './orders/orders-route.ts'
import { createOutbox } from './publish/outbox.ts'
import { createProofOfOrigin, type ProofOptions } from './webhook/proof-of-origin.ts'
import { registerWebhookRoute } from './webhook/webhook-route.ts'

export interface IngestDeps {
  readonly pool: Pool
  readonly publisher: EventPublisher
  readonly proof: ProofOptions
  /** Keys of the panel; with none nobody gets in. */
  readonly apiKeys: readonly string[]
  readonly log: Logger
}

export interface Ingest {
  register(app: FastifyInstance): void
  /** Whether it should be sent webhooks. The bus is no part of it: refunds commit without, and their events follow. */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>
  addMetrics(registry: Registry): void
  /** Commits what was accepted and publishes what was committed. The pool and the publisher stay open. */
  close(): Promise<void>
}

/** How many more connections than one for each lane a pool needs: registrations, the outbox, the readiness check. */
export const INGEST_POOL_MAX = 10

/** Takes webhooks and registrations, and publishes what follows from them. */
export function createIngest({ pool, publisher, proof, apiKeys, log }: IngestDeps): Ingest {
  const outbox = createOutbox({ pool, publisher, log })
  const commitDeps = { pool, newId, outbox }
  const batcher = createBatcher({ ...commitDeps, log })
  let isDraining = false
  outbox.start()

  return {
    register(app) {
      const now = (): Date => new Date()
      registerWebhookRoute(app, { proveOrigin: createProofOfOrigin(proof), batcher, newId, now, log })
      registerOrdersRoute(app, { ...commitDeps, apiKeys, log })
    },
    readiness: {
      draining: () => {
        if (isDraining) throw new Error('draining')
      },
      database: async () => {
        await pool.query('SELECT 1')
      },
    },
    addMetrics(registry) {
      const help = 'Deliveries that wait to be committed.'
      addGauge(registry, 'paxyo_ingest_waiting_deliveries', help, () => batcher.waitingCount)
    },
    async close() {
      isDraining = true
      await batcher.close()
      await outbox.close()
    },
  }
}
