import { register, sendStatus, sendWebhook } from '../traffic.ts'
import { cancelOrders } from './cancel-orders.ts'
import { ingestOf, repeating, under, type Breakage, type Scenario } from './scenario.ts'

/** More than one: a few do not make an alert. */
const NEW_CURRENCY_REFUNDS = 25

/** Breaks by as many rejected webhooks as are kept, older than all others: each further one takes the place of one. */
const ALL_KEPT: Breakage = {
  break: (arena) =>
    arena.sql(`
      INSERT INTO rejected_requests (request_id, provider, digest, received_at, last_received_at, reason, address)
      SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'godofpanel', sha256(n::text::bytea), now(), now(),
        'malformed_json', 'game-day'
      FROM generate_series(1, 10000) AS n ON CONFLICT DO NOTHING`),
  repair: (arena) => arena.sql(`DELETE FROM rejected_requests WHERE address = 'game-day'`),
}

/** The provider's webhooks and its API. */
export const PROVIDERS: readonly Scenario[] = [
  {
    what: "the provider's API does not respond",
    alert: 'PaxyoVerificationsWaiting',
    severity: 'ticket',
    async break(arena) {
      arena.provider.setApiFault({ kind: 'hang' })
      arena.provider.restore({ orderId: 'G-verified', status: 'canceled' })
      await register(ingestOf(arena), 'G-verified')
      await sendStatus(ingestOf(arena), 'G-verified', 'Canceled')
    },
    runbook: 'wait for GodOfPanel',
    async repair(arena) {
      arena.provider.setApiFault(undefined)
    },
  },
  {
    what: 'a webhook for an order that the panel did not register',
    alert: 'PaxyoParkedDeliveries',
    severity: 'ticket',
    async break(arena) {
      await sendStatus(ingestOf(arena), 'G-unregistered', 'In progress')
    },
    runbook: 'have the panel register it',
    async repair(arena) {
      await register(ingestOf(arena), 'G-unregistered')
    },
  },
  {
    what: 'an erasure that cannot be finished',
    alert: 'PaxyoErasureUnfinished',
    severity: 'ticket',
    async break(arena) {
      await register(ingestOf(arena), 'G-erased', 'user-erased')
      await arena.sql('REVOKE UPDATE (user_id, finished_at) ON erasures FROM paxyo_ingest')
      await arena.sql(`
        INSERT INTO erasures (erasure_id, user_id, pseudonym, requested_at, actor, actor_name)
        VALUES (gen_random_uuid(), 'user-erased', 'erased-user', now() - interval '2 hours', 'command line', 'game-day')`)
    },
    runbook: '`permission denied`: `npx paxyo doctor` names the missing right',
    async repair(arena) {
      await arena.sql('GRANT UPDATE (user_id, finished_at) ON erasures TO paxyo_ingest')
    },
  },
  {
    what: 'the provider has an old token',
    alert: 'PaxyoWebhooksUnauthorized',
    severity: 'ticket',
    ...repeating((arena) => sendWebhook(ingestOf(arena), '{}', 'an-old-token')),
    runbook: 'compare the address that GodOfPanel has',
  },
  {
    what: 'a provider sends what cannot be read',
    alert: 'PaxyoWebhooksUnreadable',
    severity: 'ticket',
    ...repeating((arena, index) => sendWebhook(ingestOf(arena), `{"order_id": ${index}, "status": `)),
    runbook: 'change the format at the provider',
  },
  {
    what: 'a provider sends more that cannot be read than is kept',
    alert: 'PaxyoRejectedRequestsDeleted',
    severity: 'page',
    ...under(
      ALL_KEPT,
      repeating((arena, index) => sendWebhook(ingestOf(arena), `{"order_id": "new-${index}", "status": `)),
    ),
    runbook: 'have the provider corrected',
  },
  {
    what: 'many refunds in a currency that was never used',
    alert: 'PaxyoRefundsInNewCurrency',
    severity: 'ticket',
    break: (arena) => cancelOrders(arena, { userId: 'user-eur', currency: 'EUR', count: NEW_CURRENCY_REFUNDS }),
    runbook: 'if so: nothing',
    repair: async () => undefined,
  },
]
