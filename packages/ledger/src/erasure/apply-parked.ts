import { roundTrip } from '@paxyo/database'
import type { Pool } from 'pg'
import { applyDelivery } from '../deliveries/apply-delivery.ts'
import { markOvertaken } from '../deliveries/overtaken.ts'
import { readWaitingDeliveries } from '../deliveries/read-waiting.ts'
import type { ProviderOrder } from '../model/provider-order.ts'
import { noSettledDeliveries, type WorkingSet } from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { lockAccountsOfOrders, lockProviderOrders, readClock, readOrders } from '../transaction/read-working-set.ts'

export interface ParkedOrder extends ProviderOrder {
  readonly orderId: string
}

const FIND_PARKED = `
  SELECT order_id AS "orderId", provider, provider_order_id AS "providerOrderId" FROM orders
  WHERE user_id = $1 AND order_id > $2 AND EXISTS (
    SELECT FROM deliveries AS delivery
    WHERE delivery.provider_order_id = orders.provider_order_id AND delivery.provider = orders.provider
      AND waiting_update IS NOT NULL AND outcome IN ('parked', 'superseded'))
  ORDER BY order_id LIMIT $3`

/** The next orders of a user with deliveries that wait, although the orders are registered. */
export async function findParked(pool: Pool, userId: string, after: string, max: number): Promise<ParkedOrder[]> {
  return (await pool.query<ParkedOrder>(FIND_PARKED, [userId, after, max])).rows
}

/** Applies the deliveries that wait for these orders, as a registration does. Later ones may have been applied to the pseudonym already. */
export async function applyParked(tx: LedgerTransaction, orders: readonly ParkedOrder[]): Promise<void> {
  const { client } = tx
  const [, accountsByUserId, ordersByProviderOrder, waiting, at] = await roundTrip([
    lockProviderOrders(client, orders),
    lockAccountsOfOrders(client, orders),
    readOrders(client, orders),
    readWaitingDeliveries(client, orders),
    readClock(tx),
  ])
  const working: WorkingSet = { at, accountsByUserId, ordersByProviderOrder, ...noSettledDeliveries() }
  const parked = await markOvertaken(client, [...waiting.values()].flat())
  for (const delivery of parked) applyDelivery(working, tx.changes, delivery, tx)
}
