import type { RecordedOutcome } from '@paxyo/contracts'
import type { Pool } from 'pg'

export interface DaySums {
  readonly refunds: readonly {
    readonly day: string
    readonly currency: string
    readonly provider: string | null
    readonly service: string
    readonly amount: string
    readonly count: number
  }[]
  readonly deliveries: readonly { readonly day: string; readonly outcome: RecordedOutcome; readonly count: number }[]
  /** Whether refunds were left out. */
  readonly hasMore: boolean
}

/** Whole days, such as `2026-11-27`, of a time zone. */
export interface Days {
  readonly from: string
  readonly to: string
  readonly timeZone: string
}

const DAYS_MAX = 31
const REFUND_ROWS_MAX = 5_000

const isInRange = (column: string): string => `
  ${column} >= ($1::date::timestamp AT TIME ZONE $3)
    AND ${column} < ((least($2::date, $1::date + ${DAYS_MAX - 1}) + 1)::timestamp AT TIME ZONE $3)`

const REFUNDS = `
  SELECT (entry.created_at AT TIME ZONE $3)::date::text AS day, accounts.currency, orders.provider, orders.service,
    trim_scale(sum(entry.amount))::text AS amount, count(*)::int AS count
  FROM ledger_entries AS entry JOIN orders ON orders.order_id = entry.order_id JOIN accounts ON accounts.user_id = entry.user_id
  WHERE entry.kind = 'refund' AND ${isInRange('entry.created_at')}
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT ${REFUND_ROWS_MAX + 1}`

const DELIVERIES = `
  SELECT (received_at AT TIME ZONE $3)::date::text AS day, outcome, count(*)::int AS count
  FROM deliveries WHERE ${isInRange('received_at')} GROUP BY 1, 2 ORDER BY 1, 2`

/**
 * Sums of refunds and numbers of deliveries, by day. At most 31 days.
 *
 * @example
 * const days = await summarizeDays(pool, { from: '2026-11-01', to: '2026-11-30', timeZone: 'UTC' })
 * days //=> { refunds: [], deliveries: [], hasMore: false }
 */
export async function summarizeDays(pool: Pool, { from, to, timeZone }: Days): Promise<DaySums> {
  const values = [from, to, timeZone]
  const refunds = await pool.query<DaySums['refunds'][number]>(REFUNDS, values)
  const deliveries = await pool.query<DaySums['deliveries'][number]>(DELIVERIES, values)
  return {
    refunds: refunds.rows.slice(0, REFUND_ROWS_MAX),
    deliveries: deliveries.rows,
    hasMore: refunds.rows.length > REFUND_ROWS_MAX,
  }
}
