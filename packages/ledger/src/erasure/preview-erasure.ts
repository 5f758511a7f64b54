import type { Pool } from 'pg'

/** What an erasure of a user would change. */
export interface ErasurePreview {
  readonly orders: number
  readonly openOrders: number
  /** Decided without the body of its delivery, once the user is erased. */
  readonly openReviews: number
  readonly ledgerEntries: number
  readonly balance: string
  readonly currency: string
  readonly events: number
}

const PREVIEW = `
  SELECT balance, currency,
    (SELECT count(*) FROM orders WHERE user_id = $1) AS "orders",
    (SELECT count(*) FROM orders WHERE user_id = $1 AND is_open) AS "openOrders",
    (SELECT count(*) FROM reviews JOIN orders USING (order_id) WHERE user_id = $1 AND resolved_at IS NULL)
      AS "openReviews",
    (SELECT count(*) FROM ledger_entries WHERE user_id = $1) AS "ledgerEntries",
    (SELECT count(*) FROM events WHERE user_id = $1) AS "events"
  FROM accounts WHERE user_id = $1`

/**
 * Counts what an erasure would change, and changes nothing.
 *
 * @returns undefined when the user has no account.
 * @example
 * await previewErasure(pool, 'zoe') //=> undefined
 */
export async function previewErasure(pool: Pool, userId: string): Promise<ErasurePreview | undefined> {
  const { rows } = await pool.query<ErasurePreview>(PREVIEW, [userId])
  return rows[0]
}
