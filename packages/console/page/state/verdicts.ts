import type { OutgoingWebhookView, Today, WebhookEndpoint } from '@paxyo/panel-client'
import { isMore } from '../kit/money.ts'

/** How a tile of the start page looks: `bad` has something to do now. */
export type Verdict = 'good' | 'warn' | 'bad' | 'quiet'

const QUIET_MINUTES_WARN = 60

/** Webhooks are late when none came for an hour; a new installation has none. */
export function webhooksVerdict(lastAt: string | null, nowMs: number): Verdict {
  if (lastAt === null) return 'quiet'
  return (nowMs - Date.parse(lastAt)) / 60_000 > QUIET_MINUTES_WARN ? 'warn' : 'good'
}

const WAITING_HOURS_BAD = 24

/** Reviews wait: it is red when the oldest has waited for a day. */
export function reviewsVerdict(oldestAt: string | null, nowMs: number): Verdict {
  if (oldestAt === null) return 'good'
  return (nowMs - Date.parse(oldestAt)) / 3_600_000 >= WAITING_HOURS_BAD ? 'bad' : 'warn'
}

export function serverVerdict({ enabled, failing }: Today['endpoints']): Verdict {
  if (failing.length > 0) return 'bad'
  return enabled === 0 ? 'quiet' : 'good'
}

export type Comparison = 'none' | 'more' | 'less' | 'same'

/** The refunds of today, compared with those of yesterday until the same time of day. */
export function compareRefunds({ today, yesterdayUntilNow }: Today['refunds'][number]): Comparison {
  if (yesterdayUntilNow.count === 0) return today.count === 0 ? 'same' : 'none'
  if (isMore(today.amount, yesterdayUntilNow.amount)) return 'more'
  return isMore(yesterdayUntilNow.amount, today.amount) ? 'less' : 'same'
}

/** Whether there is an endpoint, and none of its webhooks has failed and waits. */
export function isServerReached(
  endpoints: readonly WebhookEndpoint[],
  pending: readonly OutgoingWebhookView[],
): boolean {
  return endpoints.some(({ isEnabled }) => isEnabled) && !pending.some(({ attempts }) => attempts > 0)
}
