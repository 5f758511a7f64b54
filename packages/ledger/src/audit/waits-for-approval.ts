import type { NEEDS_APPROVAL } from '@paxyo/order-core'

// Only its type is imported: the help of the command line reads the checks of the audit, and loads no implementation.
const REASON: typeof NEEDS_APPROVAL = 'refund_needs_approval'

/** SQL: whether a delivery waits for a person's approval. */
export const waitsForApproval = (delivery: string): string =>
  `${delivery}.reason = '${REASON}' AND ${delivery}.waiting_update IS NOT NULL`

/**
 * SQL: whether a delivery replays an update that waits already, or that a person has decided about, as itself or as an earlier
 * replay: it is no other update.
 */
export const repeatsApproval = (delivery: string): string => `
  EXISTS (SELECT FROM deliveries AS earlier
    WHERE earlier.reason = '${REASON}' AND (earlier.delivery_id = ${delivery}.replay_of
      OR earlier.replay_of = ${delivery}.replay_of
        AND (earlier.received_at, earlier.delivery_id) < (${delivery}.received_at, ${delivery}.delivery_id)))`
