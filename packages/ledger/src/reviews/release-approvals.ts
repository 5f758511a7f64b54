import { NEEDS_APPROVAL } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { settle } from '../deliveries/apply-delivery.ts'
import { parkDeliveries } from '../deliveries/park-deliveries.ts'
import {
  toWaitingDelivery,
  WAITING_COLUMNS,
  type WaitingDelivery,
  type WaitingRow,
} from '../deliveries/read-waiting.ts'
import { providerOrderKey, type ProviderOrder } from '../model/provider-order.ts'
import { noSettledDeliveries, type WorkingSet } from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { repeatsApproval, waitsForApproval } from '../audit/waits-for-approval.ts'

const READ_APPROVALS = `
  SELECT ${WAITING_COLUMNS},
    EXISTS (SELECT FROM reviews WHERE reviews.delivery_id = deliveries.delivery_id)
      OR NOT ${repeatsApproval('deliveries')} AS is_proposed
  FROM deliveries
  WHERE provider_order_id = $1 AND provider = $2 AND ${waitsForApproval('deliveries')}
  ORDER BY received_at, delivery_id`

const DISMISS = `
  UPDATE reviews SET resolved_at = $2, resolved_by = coalesce((SELECT name FROM api_keys WHERE key_id = $3), $3),
    resolved_with = $3, resolution = 'dismiss', resolution_note = $4
  WHERE order_id = $1 AND reason = '${NEEDS_APPROVAL}' AND resolved_at IS NULL
  RETURNING review_id`

/** An order that is about to get another provider order. */
export interface LeavingOrder {
  readonly orderId: string
  readonly former: ProviderOrder
  readonly keyId: string
  readonly at: Date
}

/**
 * Releases the updates of an order's provider order that wait for a person's approval, before the order gets another one.
 * From then on they wait, like later ones, for the order that gets the provider order, which proposes or pays the refund.
 * The review of the order that leaves has nothing to approve any more, and is dismissed.
 */
export async function releaseApprovals(
  { client, changes, newId }: LedgerTransaction,
  { orderId, former, keyId, at }: LeavingOrder,
): Promise<void> {
  const { proposed, others } = await readApprovals(client, former)
  const working: WorkingSet = {
    at,
    ordersByProviderOrder: new Map(),
    accountsByUserId: new Map(),
    ...noSettledDeliveries(),
  }
  for (const delivery of others) settle(working, changes, delivery, { outcome: 'superseded' }, newId)
  const unregistered = { waiting: new Map(), former: new Set([providerOrderKey(former)]) }
  parkDeliveries(working, changes, proposed, unregistered, newId)
  const note = `the order has another provider order; what waited is about ${former.providerOrderId} of ${former.provider}`
  const { rows } = await client.query<{ review_id: string }>(DISMISS, [orderId, at, keyId, note])
  changes.resolvedReviewIds.push(...rows.map((row) => row.review_id))
}

interface ApprovalRow extends WaitingRow {
  readonly is_proposed: boolean
}

async function readApprovals(
  client: PoolClient,
  { provider, providerOrderId }: ProviderOrder,
): Promise<Record<'proposed' | 'others', WaitingDelivery[]>> {
  const { rows } = await client.query<ApprovalRow>(READ_APPROVALS, [providerOrderId, provider])
  return {
    proposed: rows.filter((row) => row.is_proposed).map(toWaitingDelivery),
    others: rows.filter((row) => !row.is_proposed).map(toWaitingDelivery),
  }
}
