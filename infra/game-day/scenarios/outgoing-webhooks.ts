import { register } from '../traffic.ts'
import { ingestOf, repeating, type Scenario } from './scenario.ts'

/** An endpoint that starts again sends what is kept. */
const PACE_MS = 1_000

/** The panel's server. */
export const OUTGOING_WEBHOOKS: readonly Scenario[] = [
  {
    what: "the panel's server responds with 500",
    alert: 'PaxyoOutgoingWebhooksLate',
    severity: 'ticket',
    async break(arena) {
      arena.panel.status = 500
    },
    runbook: 'repair the receiver',
    async repair(arena) {
      arena.panel.status = 200
    },
  },
  {
    what: "the panel's server responds with 500 until nothing is retried",
    alert: 'PaxyoOutgoingWebhooksDead',
    severity: 'ticket',
    async break(arena) {
      arena.panel.status = 500
    },
    runbook: 'npx paxyo outgoing-webhooks retry --dead',
    async repair(arena) {
      arena.panel.status = 200
      await arena.paxyo('outgoing-webhooks', 'retry', '--dead')
    },
  },
  {
    what: 'an endpoint is further behind than changes are kept',
    alert: 'PaxyoOutgoingWebhooksSkipped',
    severity: 'ticket',
    ...repeating(async (arena, index) => {
      await arena.sql(`
        UPDATE change_feed_head SET deleted_position = greatest(deleted_position, 1);
        UPDATE outgoing_webhook_endpoints SET position = 0`)
      await register(ingestOf(arena), `skipped-${index}`)
    }, PACE_MS),
    runbook: 'copy the orders',
  },
]
