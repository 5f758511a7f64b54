import { WEBHOOK_TOKEN, type Arena } from '../arena.ts'
import { register } from '../traffic.ts'
import { ingestOf, type Scenario } from './scenario.ts'

/** More than the alert allows. */
const MISSED = 8

async function order(arena: Arena, orderId: string): Promise<void> {
  arena.provider.restore({ orderId, status: 'in_progress' })
  await register(ingestOf(arena), orderId)
}

/** Orders that have had no update for hours. */
async function orderSilent(arena: Arena, orderIds: readonly string[]): Promise<void> {
  for (const orderId of orderIds) await order(arena, orderId)
  const ids = orderIds.map((orderId) => `'${orderId}'`).join(', ')
  await arena.sql(`UPDATE orders SET updated_at = updated_at - interval '2 hours' WHERE order_id IN (${ids})`)
}

const callFrom = ({ provider }: Arena, url: string): void =>
  provider.setWebhook({ url, authentication: { kind: 'path', token: WEBHOOK_TOKEN } })

/** Webhooks that do not arrive, and reconciliation instead of them. */
export const MISSING_WEBHOOKS: readonly Scenario[] = [
  {
    what: 'no webhook arrives',
    alert: 'PaxyoWebhooksSilent',
    severity: 'ticket',
    async break({ traffic }) {
      traffic.isSilent = true
    },
    runbook: 'check the address at GodOfPanel, then `npx paxyo reconcile --silent-hours 6`',
    async repair(arena) {
      arena.traffic.isSilent = false
      await arena.paxyo('reconcile', '--silent-hours', '6')
    },
  },
  {
    what: 'a provider calls a wrong address when orders end',
    alert: 'PaxyoWebhooksMissed',
    severity: 'ticket',
    async break(arena) {
      callFrom(arena, `${ingestOf(arena)}/webhook/godofpanel`)
      const orderIds = Array.from({ length: MISSED }, (_, number) => `G-missed-${number}`)
      await orderSilent(arena, orderIds)
      for (const orderId of orderIds) arena.provider.complete(orderId)
    },
    runbook: 'correct the webhook URL at the provider',
    async repair(arena) {
      callFrom(arena, `${ingestOf(arena)}/webhooks/godofpanel`)
      await order(arena, 'G-reported')
      arena.provider.complete('G-reported')
    },
    async cleanUp({ provider }) {
      provider.setWebhook(undefined)
    },
  },
  {
    what: "a proxy responds instead of the provider's API",
    alert: 'PaxyoReconcileFailing',
    severity: 'ticket',
    async break(arena) {
      arena.provider.setApiFault({ kind: 'malformed' })
      await orderSilent(arena, ['G-silent'])
    },
    runbook: '`malformed_response` or `http_error`: `PROVIDER_API_URL`, or a proxy in between',
    async repair({ provider }) {
      provider.setApiFault(undefined)
    },
  },
]
