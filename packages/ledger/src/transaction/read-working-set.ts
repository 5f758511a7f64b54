import { parseMoney } from '@paxyo/order-core'
import type { OrderStatus } from '@paxyo/contracts'
import type { PoolClient, QueryResult } from 'pg'
import type { Account, Books, Order } from '../model/working-set.ts'

/**
 * Every transaction that changes orders takes its locks in the same sequence, so that none can wait for another in a
 * circle: first the advisory locks of provider order ids, sorted, then the rows of accounts, sorted.
 */
const LOCK_PROVIDER_ORDERS = `
  SELECT pg_advisory_xact_lock(key)
  FROM (SELECT DISTINCT hashtextextended($1 || ':' || id, 0) AS key FROM unnest($2::text[]) AS id ORDER BY key) AS keys`

const LOCK_ACCOUNTS_OF_ORDERS = `
  SELECT user_id, currency, balance, last_seq FROM accounts
  WHERE user_id IN (SELECT user_id FROM orders WHERE provider = $1 AND provider_order_id = ANY($2::text[]))
  ORDER BY user_id
  FOR NO KEY UPDATE`

export const ORDER_COLUMNS = `
    order_id, provider_order_id, user_id, service, link, quantity, charge, status, remains, start_count, refunded,
    updated_at`

// A statement of its own after the lock: it must see what the lock's former holder has committed.
const READ_ORDERS = `
  SELECT ${ORDER_COLUMNS} FROM orders WHERE provider = $1 AND provider_order_id = ANY($2::text[])`

const READ_SETTLED_DELIVERIES = `
  SELECT delivery_id, outcome = 'awaiting_confirmation' AS awaiting FROM deliveries WHERE delivery_id = ANY($1::text[])`

const READ_CLOCK = `SELECT date_trunc('milliseconds', clock_timestamp()) AS at`

export interface AccountRow {
  readonly user_id: string
  readonly currency: string
  readonly balance: string
  readonly last_seq: number
}

export interface OrderRow {
  readonly order_id: string
  readonly provider_order_id: string
  readonly user_id: string
  readonly service: string
  readonly link: string
  readonly quantity: number
  readonly charge: string
  readonly status: OrderStatus
  readonly remains: number | null
  readonly start_count: number | null
  readonly refunded: string
  readonly updated_at: Date
}

/** Makes registering these provider orders and parking their deliveries exclude each other, until the end of both. */
export async function lockProviderOrders(
  client: PoolClient,
  provider: string,
  providerOrderIds: readonly string[],
): Promise<void> {
  await client.query({ name: 'lock_provider_orders', text: LOCK_PROVIDER_ORDERS, values: [provider, providerOrderIds] })
}

/** Locks the accounts that own these orders, in the order of their ids. */
export async function lockAccountsOfOrders(
  client: PoolClient,
  provider: string,
  providerOrderIds: readonly string[],
): Promise<Map<string, Account>> {
  const { rows } = await client.query<AccountRow>({
    name: 'lock_accounts_of_orders',
    text: LOCK_ACCOUNTS_OF_ORDERS,
    values: [provider, providerOrderIds],
  })
  return new Map(rows.map((row) => [row.user_id, toAccount(row)]))
}

/** The orders by their provider order ids. */
export async function readOrders(
  client: PoolClient,
  provider: string,
  providerOrderIds: readonly string[],
): Promise<Map<string, Order>> {
  const { rows } = await client.query<OrderRow>({
    name: 'read_orders',
    text: READ_ORDERS,
    values: [provider, providerOrderIds],
  })
  return new Map(rows.map((row) => [row.provider_order_id, toOrder(row)]))
}

/** Which of these deliveries are committed, and which of those still await the provider's confirmation. */
export async function readSettledDeliveries(
  client: PoolClient,
  deliveryIds: readonly string[],
): Promise<Pick<Books, 'settledDeliveryIds' | 'awaitingDeliveryIds'>> {
  const { rows } = await client.query<{ delivery_id: string; awaiting: boolean }>({
    name: 'read_settled_deliveries',
    text: READ_SETTLED_DELIVERIES,
    values: [deliveryIds],
  })
  return {
    settledDeliveryIds: new Set(rows.map((row) => row.delivery_id)),
    awaitingDeliveryIds: new Set(rows.filter((row) => row.awaiting).map((row) => row.delivery_id)),
  }
}

/** The database's clock, to the millisecond, which is what events carry. */
export async function readClock(client: PoolClient): Promise<Date> {
  const { rows }: QueryResult<{ at: Date }> = await client.query({ name: 'read_clock', text: READ_CLOCK })
  return rows[0]!.at
}

export function toAccount(row: AccountRow): Account {
  return { userId: row.user_id, currency: row.currency, balance: parseMoney(row.balance), lastSeq: row.last_seq }
}

export function toOrder(row: OrderRow): Order {
  return {
    orderId: row.order_id,
    providerOrderId: row.provider_order_id,
    userId: row.user_id,
    service: row.service,
    link: row.link,
    quantity: row.quantity,
    charge: parseMoney(row.charge),
    status: row.status,
    remains: row.remains,
    startCount: row.start_count,
    refunded: parseMoney(row.refunded),
    updatedAt: row.updated_at,
  }
}
