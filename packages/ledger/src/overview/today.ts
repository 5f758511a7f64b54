import type { Pool } from 'pg'

interface Sum {
  readonly amount: string
  readonly count: number
}

/** What happened today, and what is waiting. */
export interface TodaySummary {
  readonly at: Date
  readonly webhooks: { readonly lastAt: Date | null; readonly lastMinute: number }
  readonly refunds: readonly {
    readonly currency: string
    readonly today: Sum
    /** Until the same time of day. */
    readonly yesterdayUntilNow: Sum
    readonly yesterday: Sum
  }[]
  readonly reviews: { readonly open: number; readonly oldestAt: Date | null }
  readonly endpoints: { readonly enabled: number; readonly failing: readonly FailingEndpoint[] }
}

export interface FailingEndpoint {
  readonly endpointId: string
  readonly url: string
  /** When the oldest webhook was created that was not delivered since. */
  readonly since: Date
  readonly lastError: string | null
  readonly waiting: number
}

const WEBHOOKS = `
  SELECT clock_timestamp() AS at, (SELECT max(received_at) FROM deliveries) AS "lastAt",
    (SELECT count(*) FROM deliveries WHERE received_at > clock_timestamp() - interval '1 minute')::int AS "lastMinute"`

const REFUNDS = `
  WITH moments AS (
    SELECT midnight, clock_timestamp() AS now, ((midnight AT TIME ZONE $1) - interval '1 day') AT TIME ZONE $1 AS yesterday
    FROM (SELECT date_trunc('day', clock_timestamp() AT TIME ZONE $1) AT TIME ZONE $1 AS midnight) AS days
  )
  SELECT currency,
    trim_scale(coalesce(sum(entry.amount) FILTER (WHERE entry.created_at >= midnight), 0))::text AS today_amount,
    (count(*) FILTER (WHERE entry.created_at >= midnight))::int AS today_count,
    trim_scale(coalesce(sum(entry.amount) FILTER (WHERE entry.created_at < yesterday + (now - midnight)), 0))::text AS until_amount,
    (count(*) FILTER (WHERE entry.created_at < yesterday + (now - midnight)))::int AS until_count,
    trim_scale(coalesce(sum(entry.amount) FILTER (WHERE entry.created_at < midnight), 0))::text AS yesterday_amount,
    (count(*) FILTER (WHERE entry.created_at < midnight))::int AS yesterday_count
  FROM moments, ledger_entries AS entry JOIN accounts USING (user_id)
  WHERE kind = 'refund' AND entry.created_at >= (SELECT yesterday FROM moments)
  GROUP BY currency ORDER BY count(*) DESC, currency`

const REVIEWS = `
  SELECT count(*)::int AS open, min(opened_at) AS "oldestAt" FROM reviews WHERE resolved_at IS NULL`

const WAITING_MAX = 10_000

// An endpoint fails while webhooks wait whose attempt has failed. They are the rows of a partial index.
const FAILING = `
  SELECT endpoint_id AS "endpointId", url, since, "lastError", waiting
  FROM outgoing_webhook_endpoints AS endpoint CROSS JOIN LATERAL (
    SELECT min(created_at) FILTER (WHERE last_error IS NOT NULL) AS since, count(*)::int AS waiting,
      (array_agg(last_error ORDER BY attempted_at DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS "lastError"
    FROM (SELECT created_at, last_error, attempted_at FROM outgoing_webhooks
      WHERE outgoing_webhooks.endpoint_id = endpoint.endpoint_id AND state = 'pending' LIMIT ${WAITING_MAX}) AS pending
  ) AS state
  WHERE is_enabled AND since IS NOT NULL ORDER BY since`

const ENABLED = 'SELECT count(*)::int AS enabled FROM outgoing_webhook_endpoints WHERE is_enabled'

interface RefundRow {
  readonly currency: string
  readonly today_amount: string
  readonly today_count: number
  readonly until_amount: string
  readonly until_count: number
  readonly yesterday_amount: string
  readonly yesterday_count: number
}

/**
 * Sums up what the operator's first page shows.
 *
 * @param timeZone where the day begins at midnight.
 * @example
 * const { reviews } = await summarizeToday(pool, 'UTC')
 * reviews.open //=> 0
 */
export async function summarizeToday(pool: Pool, timeZone: string): Promise<TodaySummary> {
  const client = await pool.connect()
  try {
    const webhooks = await client.query<TodaySummary['webhooks'] & { readonly at: Date }>(WEBHOOKS)
    const refunds = await client.query<RefundRow>(REFUNDS, [timeZone])
    const reviews = await client.query<TodaySummary['reviews']>(REVIEWS)
    const failing = await client.query<FailingEndpoint>(FAILING)
    const enabled = await client.query<{ enabled: number }>(ENABLED)
    const { at, lastAt, lastMinute } = webhooks.rows[0]!
    return {
      at,
      webhooks: { lastAt, lastMinute },
      refunds: refunds.rows.map((row) => ({
        currency: row.currency,
        today: { amount: row.today_amount, count: row.today_count },
        yesterdayUntilNow: { amount: row.until_amount, count: row.until_count },
        yesterday: { amount: row.yesterday_amount, count: row.yesterday_count },
      })),
      reviews: reviews.rows[0]!,
      endpoints: { enabled: enabled.rows[0]!.enabled, failing: failing.rows },
    }
  } finally {
    client.release()
  }
}
