import { parseMoney } from '@paxyo/order-core'
import type { OrderStatus } from '@paxyo/contracts'
import type { PoolClient, QueryResult } from 'pg'
import { isRepeatable } from '../model/new-id.ts'
import { isReceivedAt, isReceivedBetween, receivedBetween } from './received-between.ts'
import type { Delivery } from '../model/delivery.ts'
import { providerOrderKey, providerOrderColumns, providerOrderOf, type ProviderOrder } from '../model/provider-order.ts'
import { LOCKED_ACCOUNT_COLUMNS, toLockedAccounts, type LockedAccountRow } from './account-rows.ts'
import { noSettledDeliveries, type LockedAccount, type WorkingSet, type Order } from '../model/working-set.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'

// Every transaction that changes orders takes its locks in the same sequence, so that there is no deadlock: first the
// advisory locks of provider orders, sorted, then the rows of accounts, sorted.
const LOCK_PROVIDER_ORDERS = `
  SELECT pg_advisory_xact_lock(key)
  FROM (
    SELECT DISTINCT hashtextextended(provider || ':' || id, 0) AS key
    FROM unnest($1::text[], $2::text[]) AS wanted (provider, id) ORDER BY key
  ) AS keys`

// The lock of an account that is being erased may be held for seconds. Its deliveries are parked instead.
const LOCK_ACCOUNTS_OF_ORDERS = `
  SELECT ${LOCKED_ACCOUNT_COLUMNS} FROM accounts
  WHERE user_id IN (
    SELECT user_id FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_order_id)
    JOIN orders USING (provider_order_id, provider)) AND NOT is_erasing
  ORDER BY user_id
  FOR NO KEY UPDATE`

export const ORDER_COLUMNS = `
    order_id, provider, provider_order_id, user_id, service, link, quantity, runs, run_interval, charge, status, remains, start_count, refunded,
    created_at, updated_at`

// A separate statement after the lock, so that it sees the commit of the lock's previous holder.
const READ_ORDERS = `
  SELECT ${ORDER_COLUMNS} FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_order_id)
  JOIN orders USING (provider_order_id, provider)`

// A retried transaction has the ids and the times of the deliveries that it may have committed, and so has a delivery that
// waited. A repeated message has another time. LIMIT makes it look up each id, rather than read all rows of these times.
const READ_SETTLED_DELIVERIES = `
  SELECT found.* FROM unnest($1::text[], $2::timestamptz[]) AS wanted (id, received_at), LATERAL (
    SELECT delivery_id, outcome = 'awaiting_verification' AS awaiting FROM deliveries AS delivery
    WHERE delivery_id = wanted.id AND ${isReceivedAt('wanted')} AND ${isReceivedBetween('$3', '$4')} LIMIT 1
  ) AS found
  UNION ALL
  SELECT delivery_id, false FROM repeatable_delivery_ids WHERE delivery_id = ANY($5::text[])`

const READ_CLOCK = `SELECT date_trunc('milliseconds', clock_timestamp()) AS at`

export interface OrderRow {
  readonly order_id: string
  readonly provider: string | null
  readonly provider_order_id: string | null
  readonly user_id: string
  readonly service: string
  readonly link: string
  readonly quantity: number
  readonly runs: number
  readonly run_interval: number | null
  readonly charge: string
  readonly status: OrderStatus
  readonly remains: number | null
  readonly start_count: number | null
  readonly refunded: string
  readonly created_at: Date
  readonly updated_at: Date
}

/** Serializes registrations of these provider orders with the parking of their deliveries. */
export async function lockProviderOrders(client: PoolClient, providerOrders: readonly ProviderOrder[]): Promise<void> {
  const values = providerOrderColumns(providerOrders)
  await client.query({ name: 'lock_provider_orders', text: LOCK_PROVIDER_ORDERS, values })
}

/** Locks the accounts that own these orders, in the order of their ids. */
export const lockAccountsOfOrders = (client: PoolClient, orders: readonly ProviderOrder[]): Promise<LockedAccounts> =>
  lockBy(client, orders, { name: 'lock_accounts_of_orders', text: LOCK_ACCOUNTS_OF_ORDERS })

/** Locks those of them that no other transaction has locked, without waiting for the others. */
export const lockFreeAccounts = (client: PoolClient, orders: readonly ProviderOrder[]): Promise<LockedAccounts> =>
  lockBy(client, orders, { name: 'lock_free_accounts', text: `${LOCK_ACCOUNTS_OF_ORDERS} SKIP LOCKED` })

/** By user id. */
type LockedAccounts = Map<string, LockedAccount>

async function lockBy(
  client: PoolClient,
  orders: readonly ProviderOrder[],
  statement: { readonly name: string; readonly text: string },
): Promise<LockedAccounts> {
  const { rows } = await client.query<LockedAccountRow>({ ...statement, values: providerOrderColumns(orders) })
  return toLockedAccounts(client, rows)
}

/** The orders, by {@link providerOrderKey}. */
export async function readOrders(
  client: PoolClient,
  providerOrders: readonly ProviderOrder[],
): Promise<Map<string, Order>> {
  const { rows } = await client.query<OrderRow>({
    name: 'read_orders',
    text: READ_ORDERS,
    values: providerOrderColumns(providerOrders),
  })
  return new Map(rows.map(toOrder).map((order) => [providerOrderKey(providerOrderOf(order)!), order]))
}

/**
 * Whether a delivery may have a row before its first attempt to commit: it waited, or its message is repeated. An id that was
 * drawn for this request has none.
 */
export const mayHaveRow = ({ deliveryId, wasParked, verification }: Delivery): boolean =>
  wasParked === true || verification !== undefined || isRepeatable(deliveryId)

/**
 * Which of these deliveries are recorded, with any outcome, and which of those still await the provider's verification.
 */
export async function readSettledDeliveries(
  client: PoolClient,
  deliveries: readonly Delivery[],
): Promise<Pick<WorkingSet, 'settledDeliveryIds' | 'awaitingDeliveryIds'>> {
  if (deliveries.length === 0) return noSettledDeliveries()
  const ids = deliveries.map(({ deliveryId }) => deliveryId)
  const { rows } = await client.query<{ delivery_id: string; awaiting: boolean }>({
    name: 'read_settled_deliveries',
    text: READ_SETTLED_DELIVERIES,
    values: [
      ids,
      deliveries.map(({ receivedAt }) => receivedAt),
      ...receivedBetween(deliveries),
      ids.filter(isRepeatable),
    ],
  })
  return {
    settledDeliveryIds: new Set(rows.map((row) => row.delivery_id)),
    awaitingDeliveryIds: new Set(rows.filter((row) => row.awaiting).map((row) => row.delivery_id)),
  }
}

/** Reads the database's time, in milliseconds like the timestamps of events, and sets it in the change set. */
export async function readClock({ client, changes }: LedgerTransaction): Promise<Date> {
  const { rows }: QueryResult<{ at: Date }> = await client.query({ name: 'read_clock', text: READ_CLOCK })
  changes.at = rows[0]!.at
  return changes.at
}

/**
 * Reads an order from its row.
 *
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const row = await pool.query(`SELECT ${ORDER_COLUMNS} FROM orders`)
 * toOrder(row.rows[0]).charge //=> 250_000_000n
 */
export function toOrder(row: OrderRow): Order {
  return {
    orderId: row.order_id,
    provider: row.provider,
    providerOrderId: row.provider_order_id,
    userId: row.user_id,
    service: row.service,
    link: row.link,
    quantity: row.quantity,
    runs: row.runs,
    intervalMinutes: row.run_interval,
    charge: parseMoney(row.charge),
    status: row.status,
    remains: row.remains,
    startCount: row.start_count,
    refunded: parseMoney(row.refunded),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
