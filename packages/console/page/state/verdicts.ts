import type { OutgoingWebhookView, WebhookEndpoint } from '@paxyo/panel-client'

/** How a tile of the start page looks: `bad` has something to do now. */
export type Verdict = 'good' | 'warn' | 'bad' | 'quiet'

const QUIET_MINUTES_WARN = 60

/** Webhooks are late when none came for an hour; a new installation has none. */
export function webhooksVerdict(lastReceivedAt: string | undefined, nowMs: number): Verdict {
  if (lastReceivedAt === undefined) return 'quiet'
  const minutes = (nowMs - Date.parse(lastReceivedAt)) / 60_000
  return minutes > QUIET_MINUTES_WARN ? 'warn' : 'good'
}

const WAITING_HOURS_BAD = 24

/** Reviews wait: it is red when the oldest has waited for a day. */
export function reviewsVerdict(oldestOpenedAt: string | undefined, nowMs: number): Verdict {
  if (oldestOpenedAt === undefined) return 'good'
  return (nowMs - Date.parse(oldestOpenedAt)) / 3_600_000 >= WAITING_HOURS_BAD ? 'bad' : 'warn'
}

export interface ServerState {
  readonly verdict: Verdict
  /** The webhooks that failed and wait, or were given up. */
  readonly failing: number
  /** The oldest of them. */
  readonly since: string | undefined
  readonly error: string | undefined
}

/** How the panel's server takes its outgoing webhooks. */
export function serverState(
  endpoints: readonly WebhookEndpoint[],
  unsettled: readonly OutgoingWebhookView[],
): ServerState {
  if (endpoints.length === 0) return { verdict: 'quiet', failing: 0, since: undefined, error: undefined }
  const failing = unsettled.filter(
    ({ attempts, lastError, lastStatus }) => attempts > 0 && (lastError !== null || lastStatus !== null),
  )
  const oldest = failing.toSorted((one, other) => one.createdAt.localeCompare(other.createdAt))[0]
  return {
    verdict: failing.length > 0 ? 'bad' : 'good',
    failing: failing.length,
    since: oldest?.createdAt,
    error: oldest === undefined ? undefined : (oldest.lastError ?? `HTTP ${oldest.lastStatus}`),
  }
}
