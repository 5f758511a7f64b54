import type { Pool } from 'pg'

/** How long outgoing webhooks are kept after their delivery, with their attempts. Dead ones are kept until they are retried. */
const RETENTION_DAYS = 7
const DELETE_MAX = 5_000

const DELETE_SOME = `
  DELETE FROM outgoing_webhooks WHERE webhook_id IN (
    SELECT webhook_id FROM outgoing_webhooks
    WHERE state IN ('delivered', 'superseded') AND settled_at < now() - $1 * interval '1 day' LIMIT ${DELETE_MAX})`

/**
 * Deletes outgoing webhooks that were delivered or superseded days ago, as the owner.
 *
 * @returns how many were deleted.
 * @example
 * await pruneOutgoingWebhooks(ownerPool) //=> 0
 */
export async function pruneOutgoingWebhooks(pool: Pool): Promise<number> {
  let total = 0
  for (let count = DELETE_MAX; count === DELETE_MAX; total += count) {
    count = (await pool.query(DELETE_SOME, [RETENTION_DAYS])).rowCount ?? 0
  }
  return total
}
