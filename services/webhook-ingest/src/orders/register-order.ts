import type { ErrorCode, OrderView } from '@paxyo/contracts'
import { parseUpdates, PROVIDER } from '@paxyo/godofpanel'
import { isRefusedByDatabase, isRetryable, RolledBackError, roundTrip } from '@paxyo/database'
import { parseMoney, type StatusUpdate } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { applyDelivery, orderView, recordRegistration } from '../commit/apply-delivery.ts'
import type { Account, Books, Order } from '../commit/books.ts'
import { commitChanges, type CommitDeps } from '../commit/commit-changes.ts'
import { lockAccount, lockProviderOrders, readClock, readOrder, readOrders } from '../commit/read-books.ts'
import type { Delivery } from '../webhook/delivery.ts'
import type { Registration } from './registration.ts'

export type RegistrationResult =
  | {
      readonly order: OrderView
      /** The user's seq after this. */
      readonly seq: number
      readonly isNew: boolean
      /** How many deliveries had been waiting for this order. */
      readonly appliedDeliveries: number
    }
  | Extract<ErrorCode, 'order_conflict' | 'provider_order_taken' | 'currency_mismatch'>

/**
 * Registers an order, opens its user's account when it is the first, and applies what the provider has said about it
 * already: all in one transaction, so that there is no moment at which an update could be missed.
 */
export async function registerOrder(deps: CommitDeps, registration: Registration): Promise<RegistrationResult> {
  try {
    return await tryToRegister(deps, registration)
  } catch (error) {
    // Somebody registered the same order, or opened the account in another currency, between our look and our insert.
    if (!isRefusedByDatabase(error) && !isRetryable(error)) throw error
    return tryToRegister(deps, registration)
  }
}

function tryToRegister(deps: CommitDeps, registration: Registration): Promise<RegistrationResult> {
  return commitChanges<RegistrationResult>(deps, async (client, changes) => {
    const { orderId, providerOrderId, userId, currency } = registration
    const [, byOrderId, byProviderOrderId, found, parked, at] = await roundTrip([
      lockProviderOrders(client, PROVIDER, [providerOrderId]),
      readOrder(client, orderId),
      readOrders(client, PROVIDER, [providerOrderId]),
      lockAccount(client, userId),
      readParkedDeliveries(client, PROVIDER, providerOrderId),
      readClock(client),
    ])
    if (byOrderId !== undefined) {
      const isSame = found !== undefined && isSameOrder(byOrderId, registration) && found.currency === currency
      if (!isSame) return { at, result: 'order_conflict' }
      const order = orderView(byOrderId, found.currency)
      return { at, result: { order, seq: found.lastSeq, isNew: false, appliedDeliveries: 0 } }
    }
    if (byProviderOrderId.size > 0) return { at, result: 'provider_order_taken' }
    if (found !== undefined && found.currency !== currency) return { at, result: 'currency_mismatch' }

    const account = found ?? (await openAccount(client, userId, currency))
    const order = newOrder(registration, at)
    const books: Books = {
      at,
      ordersByProviderOrderId: new Map([[providerOrderId, order]]),
      accountsByUserId: new Map([[userId, account]]),
      settledDeliveryIds: new Set(),
      awaitingDeliveryIds: new Set(),
    }
    recordRegistration(books, changes, order, account)
    for (const delivery of parked) applyDelivery(books, changes, delivery, deps)

    const registered = orderView(books.ordersByProviderOrderId.get(providerOrderId)!, currency)
    const seq = books.accountsByUserId.get(userId)!.lastSeq
    return { at, result: { order: registered, seq, isNew: true, appliedDeliveries: parked.length } }
  })
}

function newOrder(registration: Registration, at: Date): Order {
  const { orderId, providerOrderId, userId, service, link, quantity, charge } = registration
  return {
    orderId,
    providerOrderId,
    userId,
    service,
    link,
    quantity,
    charge: parseMoney(charge),
    status: 'pending',
    remains: null,
    startCount: null,
    refunded: 0n,
    updatedAt: at,
  }
}

function isSameOrder(order: Order, registration: Registration): boolean {
  const same = ['providerOrderId', 'userId', 'service', 'link', 'quantity'] as const
  return same.every((name) => order[name] === registration[name]) && order.charge === parseMoney(registration.charge)
}

const OPEN_ACCOUNT = `INSERT INTO accounts (user_id, currency) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING`

/** @throws RolledBackError when somebody opens the same account in another currency at this moment. */
async function openAccount(client: PoolClient, userId: string, currency: string): Promise<Account> {
  const [, account] = await roundTrip([
    client.query({ name: 'open_account', text: OPEN_ACCOUNT, values: [userId, currency] }),
    lockAccount(client, userId),
  ])
  if (account?.currency !== currency) throw new RolledBackError('the account was opened in another currency')
  return account
}

const READ_PARKED_DELIVERIES = `
  SELECT delivery_id, body, received_at FROM deliveries
  WHERE provider = $1 AND provider_order_id = $2 AND outcome = 'parked'
  ORDER BY received_at, delivery_id`

interface ParkedRow {
  readonly delivery_id: string
  readonly body: string
  readonly received_at: Date
}

/** What the provider said before the order was known, in the order of its arrival. */
async function readParkedDeliveries(
  client: PoolClient,
  provider: string,
  providerOrderId: string,
): Promise<Delivery[]> {
  const { rows } = await client.query<ParkedRow>({
    name: 'read_parked_deliveries',
    text: READ_PARKED_DELIVERIES,
    values: [provider, providerOrderId],
  })
  return rows.map(({ delivery_id: deliveryId, body, received_at: receivedAt }) => {
    const update = updateFrom(body)
    // Read by the parser that parked it, so this is a bug of ours and must not be passed over.
    if (update?.providerOrderId !== providerOrderId) throw new Error(`parked delivery ${deliveryId} cannot be read`)
    return { deliveryId, provider, update, body, receivedAt }
  })
}

/** A stored body holds one update; the form reader knows JSON when it sees it. */
function updateFrom(body: string): StatusUpdate | undefined {
  const parsed = parseUpdates('form', body)
  return 'error' in parsed ? undefined : parsed.updates[0]?.update
}
