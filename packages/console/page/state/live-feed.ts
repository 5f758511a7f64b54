import type { OperationsBatch, OperationsRow } from '@paxyo/contracts'
import type { DeliveryView } from '@paxyo/panel-client'

/** What the live page shows of the stream of deliveries. */
export interface Feed {
  readonly rows: readonly OperationsRow[]
  /** The deliveries of the last seconds, by second, for the rate. */
  readonly seconds: readonly { readonly second: number; readonly deliveries: number; readonly shown: number }[]
}

export interface FeedFilter {
  readonly outcome: string
  readonly provider: string
  readonly user: string
}

export const EMPTY_FEED: Feed = { rows: [], seconds: [] }
export const NO_FILTER: FeedFilter = { outcome: '', provider: '', user: '' }

export const FEED_ROWS_MAX = 200
/** A person cannot read more; above it the page shows a sample, and says so. */
export const ROWS_PER_SECOND_MAX = 10
const RATE_SECONDS = 10

export const matches = (row: OperationsRow, { outcome, provider, user }: FeedFilter): boolean =>
  (outcome === '' || row.outcome === outcome) &&
  (provider === '' || row.provider === provider) &&
  (user === '' || row.userId === user)

/** The feed after a batch, newest row first. The filter applies before the sample, so that what is rare is still seen. */
export function withBatch(feed: Feed, batch: OperationsBatch, filter: FeedFilter, nowMs: number): Feed {
  const second = Math.floor(nowMs / 1000)
  const recent = feed.seconds.filter((other) => other.second > second - RATE_SECONDS)
  const current = recent.find((other) => other.second === second) ?? { second, deliveries: 0, shown: 0 }
  const budget = ROWS_PER_SECOND_MAX - current.shown
  const shown = batch.rows.filter((row) => matches(row, filter)).slice(0, Math.max(0, budget))
  const deliveries = Object.values(batch.outcomes).reduce((sum, count) => sum + (count ?? 0), 0)
  return {
    rows: [...shown.toReversed(), ...feed.rows].slice(0, FEED_ROWS_MAX),
    seconds: [
      ...recent.filter((other) => other.second !== second),
      { second, deliveries: current.deliveries + deliveries, shown: current.shown + shown.length },
    ],
  }
}

/** The deliveries per second of the last seconds, and whether the page shows only some of them. */
export function rateOf({ seconds }: Feed, nowMs: number): { readonly perSecond: number; readonly isSampled: boolean } {
  const second = Math.floor(nowMs / 1000)
  const recent = seconds.filter((other) => other.second > second - RATE_SECONDS)
  const deliveries = recent.reduce((sum, other) => sum + other.deliveries, 0)
  return {
    perSecond: deliveries / RATE_SECONDS,
    isSampled: recent.some(({ deliveries: all, shown }) => all > shown && shown >= ROWS_PER_SECOND_MAX),
  }
}

/**
 * Deliveries of the API, newest first, as rows. The newest one that changed an order says the order's status; an earlier one
 * would say what the order became later.
 */
export function rowsOf(deliveries: readonly DeliveryView[]): OperationsRow[] {
  const orders = new Set<string | null>()
  return deliveries.map(({ orderStatus, ...row }) => {
    const isNewest = row.outcome === 'applied' && !orders.has(row.orderId)
    if (isNewest) orders.add(row.orderId)
    return { ...row, reported: null, status: isNewest ? orderStatus : null, refund: null, currency: null }
  })
}
