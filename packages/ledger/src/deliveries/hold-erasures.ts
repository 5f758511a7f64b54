import type { Pool, PoolClient } from 'pg'

// Two-part advisory locks do not collide with the one-part locks of provider orders.
const HOLD = `SELECT pg_advisory_xact_lock_shared(hashtext('paxyo erasure'), 0)`
const AWAIT = `SELECT pg_advisory_xact_lock(hashtext('paxyo erasure'), 0)`

/** Until the transaction ends, no erasure looks for the deliveries that it parks. */
export async function holdErasures(client: PoolClient): Promise<void> {
  await client.query({ name: 'hold_erasures', text: HOLD })
}

/** Waits for the transactions that are parking deliveries. Later ones see the account with its pseudonym. */
export async function awaitParking(pool: Pool): Promise<void> {
  await pool.query(AWAIT)
}
