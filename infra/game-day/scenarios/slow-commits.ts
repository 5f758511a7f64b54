import type { Arena } from '../arena.ts'
import { sendWebhook } from '../traffic.ts'
import { BLOCKED_IN_TURNS, BLOCKED_ORDER, locking } from './postgres.ts'
import { ingestOf, repeating, sendUpdate, under, type Scenario } from './scenario.ts'

/** Together almost as many as may wait. */
const FLOOD_WEBHOOKS = 12
const FLOOD_UPDATES = 800

/** Webhooks with many updates of the order that is blocked. */
async function flood(arena: Arena): Promise<void> {
  const updates = Array.from({ length: FLOOD_UPDATES }, () => ({ order_id: BLOCKED_ORDER, status: 'In progress' }))
  const body = JSON.stringify(updates)
  await Promise.allSettled(Array.from({ length: FLOOD_WEBHOOKS }, () => sendWebhook(ingestOf(arena), body)))
}

/** Webhooks that wait for their commit. */
export const SLOW_COMMITS: readonly Scenario[] = [
  {
    what: "a flood of webhooks while a forgotten transaction holds an account's lock",
    alert: 'PaxyoQueueGrowing',
    severity: 'page',
    ...locking("SELECT FROM accounts WHERE user_id = 'user-1' FOR UPDATE", flood),
    runbook: 'end the long transaction',
  },
  {
    what: 'a session keeps locking an account: webhooks of an hour',
    alert: 'PaxyoWebhookSloBurning',
    severity: 'page',
    ...under(repeating(sendUpdate), BLOCKED_IN_TURNS),
    runbook: 'Slow ones: [PaxyoCommitsSlow]',
  },
  {
    what: 'a session keeps locking an account: webhooks of a day',
    alert: 'PaxyoWebhookSloEroding',
    severity: 'ticket',
    ...under(repeating(sendUpdate), BLOCKED_IN_TURNS),
    runbook: 'as for [PaxyoWebhookSloBurning]',
  },
]
