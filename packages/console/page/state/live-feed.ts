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
/** With the earlier ones that the person has asked for. */
export const EARLIER_ROWS_MAX = 2_000
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
  // The page may have read it from the API before, where it does not say what was refunded.
  const ids = new Set(shown.map(({ deliveryId }) => deliveryId))
  const others = feed.rows.filter(({ deliveryId }) => !ids.has(deliveryId))
  const deliveries = Object.values(batch.outcomes).reduce((sum, count) => sum + (count ?? 0), 0)
  return {
    rows: [...shown.toReversed(), ...others].slice(0, FEED_ROWS_MAX),
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
 * The rows, and deliveries of the API that are earlier, newest first. The newest one that changed an order says the order's
 * status; an earlier one would say what the order became later.
 */
export function withEarlier(feed: Feed, deliveries: readonly DeliveryView[]): Feed {
  const known = new Set(feed.rows.map(({ deliveryId }) => deliveryId))
  const orders = new Set(feed.rows.filter(({ outcome }) => outcome === 'applied').map(({ orderId }) => orderId))
  const earlier = deliveries
    .filter(({ deliveryId }) => !known.has(deliveryId))
    .map(({ orderStatus, ...row }): OperationsRow => {
      const isNewest = row.outcome === 'applied' && !orders.has(row.orderId)
      if (isNewest) orders.add(row.orderId)
      const unknown = { reported: null, refund: null, currency: null }
      return Object.assign(row, unknown, { status: isNewest ? orderStatus : null })
    })
  return { ...feed, rows: [...feed.rows, ...earlier].slice(0, EARLIER_ROWS_MAX) }
}

/**
 * Asks for what is before the oldest row. Times of the API have milliseconds, so that it returns the rows of the same one
 * again, which are known.
 */
export function before({ rows }: Feed): { readonly to?: string } {
  const oldest = rows.at(-1)
  return oldest === undefined ? {} : { to: new Date(Date.parse(oldest.receivedAt) + 1).toISOString() }
}
