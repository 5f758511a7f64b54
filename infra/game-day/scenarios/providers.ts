import { register, sendStatus, sendWebhook } from '../traffic.ts'
import { cancelOrders } from './cancel-orders.ts'
import { ingestOf, repeating, type Scenario } from './scenario.ts'

/** More than one: a few do not make an alert. */
const NEW_CURRENCY_REFUNDS = 25

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
    what: 'many refunds in a currency that was never used',
    alert: 'PaxyoRefundsInNewCurrency',
    severity: 'ticket',
    break: (arena) => cancelOrders(arena, { userId: 'user-eur', currency: 'EUR', count: NEW_CURRENCY_REFUNDS }),
    runbook: 'if so: nothing',
    repair: async () => undefined,
  },
]
