import type { PoolClient } from 'pg'

export interface OrderRefund {
  readonly refundId: string
  readonly amount: string
  /** What the order had been paid back in all, after this one. */
  readonly orderRefunded: string
  readonly at: string
}

/** An order is cut or topped up a few times; its refunds are as many. */
const REFUNDS_MAX = 1000

const READ_REFUNDS = `
  SELECT entry_id AS "refundId", trim_scale(amount)::text AS amount, trim_scale(refunded_after)::text AS "orderRefunded",
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM ledger_entries WHERE order_id = $1 AND kind = 'refund'
  ORDER BY refunded_before
  LIMIT ${REFUNDS_MAX}`

/** An order's refunds, in the order in which they were paid. */
export async function readOrderRefunds(client: PoolClient, orderId: string | null): Promise<OrderRefund[]> {
  const { rows } = await client.query<OrderRefund>(READ_REFUNDS, [orderId])
  return rows
}
