import type { PoolClient } from 'pg'

export interface OrderRefund {
  readonly refundId: string
  readonly amount: string
  /** The order's total refunds, including this one. */
  readonly orderRefunded: string
  readonly at: string
}

/** Far more than the few refunds that an order has. */
const REFUNDS_MAX = 1000

const READ_REFUNDS = `
  SELECT entry_id AS "refundId", trim_scale(amount)::text AS amount, trim_scale(refunded_after)::text AS "orderRefunded",
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM ledger_entries WHERE order_id = $1 AND kind = 'refund'
  ORDER BY refunded_before
  LIMIT ${REFUNDS_MAX}`

/** @returns an order's refunds, oldest first. */
export async function readOrderRefunds(client: PoolClient, orderId: string | null): Promise<OrderRefund[]> {
  const { rows } = await client.query<OrderRefund>(READ_REFUNDS, [orderId])
  return rows
}
