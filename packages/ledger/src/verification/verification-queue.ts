import type { StatusUpdate } from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { Delivery } from '../model/delivery.ts'

/** A delivery that awaits verification, claimed by this process until its lease expires. */
export interface VerificationClaim {
  readonly delivery: Delivery
  /** Including this one. */
  readonly attempts: number
  /** Time since its commit. */
  readonly ageMs: number
}

// Skips rows that another process is claiming.
const CLAIM_DUE = `
  WITH due AS MATERIALIZED (
    SELECT delivery_id FROM verifications
    WHERE settled_at IS NULL AND due_at <= clock_timestamp() AND provider = $3
    ORDER BY due_at LIMIT $1
    FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE verifications SET attempts = attempts + 1, due_at = clock_timestamp() + $2 * interval '1 millisecond'
    FROM due WHERE verifications.delivery_id = due.delivery_id
    RETURNING verifications.*
  )
  SELECT claimed.delivery_id, claimed.provider, claimed.provider_order_id, claimed.attempts,
    extract(epoch FROM clock_timestamp() - claimed.created_at)::float8 * 1000 AS age_ms,
    deliveries.body, deliveries.received_at, deliveries.waiting_update
  FROM claimed JOIN deliveries USING (delivery_id)
  ORDER BY deliveries.received_at, delivery_id`

const POSTPONE = `
  UPDATE verifications
  SET due_at = clock_timestamp() + postponed.delay_ms * interval '1 millisecond', last_error = $3
  FROM unnest($1::text[], $2::float8[]) AS postponed (delivery_id, delay_ms)
  WHERE verifications.delivery_id = postponed.delivery_id AND settled_at IS NULL`

const READ_NEXT_DUE = `
  SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 * 1000 AS wait_ms
  FROM verifications WHERE settled_at IS NULL AND provider = $1`

const READ_OTHER_PROVIDERS = `
  SELECT DISTINCT provider FROM verifications WHERE settled_at IS NULL AND provider <> ALL($1::text[])`

interface ClaimRow {
  readonly delivery_id: string
  readonly provider: string
  readonly provider_order_id: string
  readonly attempts: number
  readonly age_ms: number
  readonly body: string
  readonly received_at: Date
  readonly waiting_update: string | null
}

/** Deliveries that await the verification by their provider. */
export interface VerificationQueue {
  /**
   * Claims deliveries of a provider whose verification is due, in order of arrival. Other processes can claim them
   * after the lease.
   */
  claimDue(provider: string, countMax: number, leaseMs: number): Promise<VerificationClaim[]>
  /** Ends the leases of claims and makes each due again after its delay. */
  postpone(claims: readonly { readonly deliveryId: string; readonly delayMs: number }[], error: string): Promise<void>
  /** @returns the time until the next verification by this provider; undefined when there is none. */
  nextDueMs(provider: string): Promise<number | undefined>
  /** @returns other providers whose verification deliveries await. */
  otherProviders(providers: readonly string[]): Promise<string[]>
}

/**
 * The deliveries that await verification, which the processes share.
 *
 * @example
 * const queue = createVerificationQueue(pool)
 * await queue.claimDue('godofpanel', 10, 60_000) //=> []
 * await queue.otherProviders(['godofpanel']) //=> []
 */
export function createVerificationQueue(pool: Pool): VerificationQueue {
  return {
    async claimDue(provider, countMax, leaseMs) {
      const { rows } = await pool.query<ClaimRow>(CLAIM_DUE, [countMax, leaseMs, provider])
      return rows.map(toClaim)
    },
    async postpone(claims, error) {
      const ids = claims.map(({ deliveryId }) => deliveryId)
      await pool.query(POSTPONE, [ids, claims.map(({ delayMs }) => delayMs), error])
    },
    async nextDueMs(provider) {
      const { rows } = await pool.query<{ wait_ms: number | null }>(READ_NEXT_DUE, [provider])
      return rows[0]?.wait_ms ?? undefined
    },
    async otherProviders(providers) {
      const { rows } = await pool.query<{ provider: string }>(READ_OTHER_PROVIDERS, [providers])
      return rows.map(({ provider }) => provider)
    },
  }
}

function toClaim(row: ClaimRow): VerificationClaim {
  const { delivery_id: deliveryId, provider, body, received_at: receivedAt } = row
  const update = row.waiting_update === null ? undefined : (JSON.parse(row.waiting_update) as StatusUpdate)
  return { delivery: { deliveryId, provider, update, body, receivedAt }, attempts: row.attempts, ageMs: row.age_ms }
}
