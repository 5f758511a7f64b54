import { parseUpdates } from '@paxyo/godofpanel'
import type { Pool } from 'pg'
import type { Delivery } from '@paxyo/ledger'

/** A delivery that awaits its confirmation, taken by this process until its lease ends. */
export interface Claim {
  readonly delivery: Delivery
  /** How often the provider was asked about it, this time included. */
  readonly attempts: number
  /** Since it was committed. */
  readonly ageMs: number
}

// Rows that another process is taking at this moment are passed over.
const CLAIM_DUE = `
  WITH due AS MATERIALIZED (
    SELECT delivery_id FROM confirmations
    WHERE settled_at IS NULL AND due_at <= clock_timestamp()
    ORDER BY due_at LIMIT $1
    FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE confirmations SET attempts = attempts + 1, due_at = clock_timestamp() + $2 * interval '1 millisecond'
    FROM due WHERE confirmations.delivery_id = due.delivery_id
    RETURNING confirmations.*
  )
  SELECT claimed.delivery_id, claimed.provider, claimed.provider_order_id, claimed.attempts,
    extract(epoch FROM clock_timestamp() - claimed.created_at)::float8 * 1000 AS age_ms,
    deliveries.body, deliveries.received_at
  FROM claimed JOIN deliveries USING (delivery_id)
  ORDER BY deliveries.received_at, delivery_id`

const POSTPONE = `
  UPDATE confirmations
  SET due_at = clock_timestamp() + postponed.delay_ms * interval '1 millisecond', last_error = $3
  FROM unnest($1::text[], $2::float8[]) AS postponed (delivery_id, delay_ms)
  WHERE confirmations.delivery_id = postponed.delivery_id AND settled_at IS NULL`

const READ_NEXT_DUE = `
  SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 * 1000 AS wait_ms
  FROM confirmations WHERE settled_at IS NULL`

interface ClaimRow {
  readonly delivery_id: string
  readonly provider: string
  readonly provider_order_id: string
  readonly attempts: number
  readonly age_ms: number
  readonly body: string
  readonly received_at: Date
}

/** Takes deliveries whose provider is to be asked now, in the order of their arrival; others get them after the lease. */
export async function claimDue(pool: Pool, countMax: number, leaseMs: number): Promise<Claim[]> {
  const { rows } = await pool.query<ClaimRow>(CLAIM_DUE, [countMax, leaseMs])
  return rows.map((row) => {
    // A stored body holds one update; the form reader knows JSON when it sees it.
    const parsed = parseUpdates('form', row.body)
    const update = 'error' in parsed ? undefined : parsed.updates[0]?.update
    const { delivery_id: deliveryId, provider, body, received_at: receivedAt } = row
    return { delivery: { deliveryId, provider, update, body, receivedAt }, attempts: row.attempts, ageMs: row.age_ms }
  })
}

/** Ends the leases of claims: each is due again after its delay. */
export async function postpone(
  pool: Pool,
  claims: readonly { readonly deliveryId: string; readonly delayMs: number }[],
  error: string,
): Promise<void> {
  await pool.query(POSTPONE, [claims.map(({ deliveryId }) => deliveryId), claims.map(({ delayMs }) => delayMs), error])
}

/** How long until the provider must be asked next; `undefined` when nothing awaits it. */
export async function readNextDueMs(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ wait_ms: number | null }>(READ_NEXT_DUE)
  return rows[0]?.wait_ms ?? undefined
}
