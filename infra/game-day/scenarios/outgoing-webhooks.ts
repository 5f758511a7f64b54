import type { Scenario } from './scenario.ts'

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
]
