import { createPanelClient } from '@paxyo/panel-client'
import { setTimeout as sleep } from 'node:timers/promises'
import { PANEL_KEY } from '../arena.ts'
import { register, sendStatus } from '../traffic.ts'
import { cancelOrders } from './cancel-orders.ts'
import { ingestOf, type Scenario } from './scenario.ts'

/** Five times as many as the traffic has in the shortened hour. */
const UNUSUAL_REFUNDS = 60
/** Since the start: the traffic had refunds before the shortened hour, and its rule compares with them. */
const USUAL_AFTER_MS = 90_000

const STRANGE_ORDER = 'G-strange'

/** What a person decides about refunds. */
export const DECISIONS: readonly Scenario[] = [
  {
    what: 'far more orders of a user are canceled than usual',
    alert: 'PaxyoRefundsUnusual',
    severity: 'page',
    async break(arena) {
      await sleep(Math.max(0, USUAL_AFTER_MS - process.uptime() * 1000))
      await cancelOrders(arena, { userId: 'user-unusual', currency: 'USD', count: UNUSUAL_REFUNDS })
    },
    runbook: 'if they are: nothing',
    repair: (arena) => arena.paxyo('refunds', 'list'),
  },
  {
    what: 'a status that is in no map was reported two days ago',
    alert: 'PaxyoReviewsWaiting',
    severity: 'ticket',
    async break(arena) {
      await register(ingestOf(arena), STRANGE_ORDER)
      await sendStatus(ingestOf(arena), STRANGE_ORDER, 'Strange')
      await arena.sql(
        `UPDATE reviews SET opened_at = opened_at - interval '2 days' WHERE order_id = '${STRANGE_ORDER}'`,
      )
    },
    runbook: 'decide, act, and resolve it with a note',
    async repair(arena) {
      const panel = createPanelClient({ url: ingestOf(arena), apiKey: PANEL_KEY })
      for await (const { reviewId } of panel.reviews.list({ state: 'open', orderId: STRANGE_ORDER })) {
        await arena.paxyo('reviews', 'resolve', reviewId, '--dismiss', '--note', 'it means nothing')
      }
    },
  },
]
