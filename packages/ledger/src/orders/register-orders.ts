import type { ErrorCode } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { emptyAccount, insertAccounts, lockAccounts } from '../accounts/lock-accounts.ts'
import { applyDelivery } from '../deliveries/apply-delivery.ts'
import { readWaitingDeliveries } from '../deliveries/read-waiting.ts'
import type { Delivery } from '../model/delivery.ts'
import {
  isSameProviderOrder,
  providerOrderKey,
  providerOrderOf,
  uniqueProviderOrders,
  type MaybeProviderOrder,
} from '../model/provider-order.ts'
import {
  noSettledDeliveries,
  type Account,
  type LockedAccount,
  type Order,
  type WorkingSet,
} from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { lockProviderOrders, readClock, readOrders } from '../transaction/read-working-set.ts'
import { panelView, recordRegistration, type PanelView } from '../transaction/record-event.ts'
import { readFirstProviderOrders } from '../transaction/provider-order-changes.ts'
import { readChargedOrderIds, readOrdersById } from './read-registered.ts'
import { isSameOrder, newOrder, type Registration } from './registration.ts'

export interface Registered {
  readonly order: PanelView
  /** The user's seq after this. */
  readonly seq: number
  readonly isNew: boolean
  /** How many deliveries had been waiting for this order. */
  readonly appliedDeliveries: number
}

export type RegistrationRejection = Extract<
  ErrorCode,
  'order_conflict' | 'provider_order_taken' | 'currency_mismatch' | 'insufficient_funds'
>

/** The rows that the transaction has read under its locks, updated with every order. */
interface Known {
  readonly working: WorkingSet
  readonly ordersById: Map<string, Order>
  /** The provider orders with which orders were registered, when they have another one by now. */
  readonly firstById: ReadonlyMap<string, MaybeProviderOrder>
  /** Orders whose charge was taken from the account. */
  readonly chargedOrderIds: Set<string>
  /** By {@link providerOrderKey}. */
  readonly waitingByProviderOrder: ReadonlyMap<string, readonly Delivery[]>
}

/**
 * Registers orders, one after the other: opens the accounts of new users, takes charges that are paid from an account,
 * and applies the deliveries that have been waiting for these orders. All of it is one transaction, so that no update
 * can be missed. A rejected order changes nothing.
 *
 * @returns the result of each order.
 * @throws the database's errors. When a concurrent transaction registers the same order or opens the same account, this
 *   one violates a key or loses a deadlock, and must be run again.
 * @example
 * const [registered] = await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * typeof registered === 'object' && registered.order.status //=> 'pending'
 */
export async function registerOrders(
  tx: LedgerTransaction,
  registrations: readonly Registration[],
): Promise<(Registered | RegistrationRejection)[]> {
  const known = await readKnown(tx, registrations)
  const lockedUserIds = new Set(known.working.accountsByUserId.keys())
  const results = registrations.map((registration) => registerOne(tx, known, registration))
  const opened = [...tx.changes.accounts.values()].filter(({ userId }) => !lockedUserIds.has(userId))
  await insertAccounts(tx.client, opened)
  return results
}

/** Takes the locks, then reads what they protect, all in one round trip with BEGIN. */
async function readKnown(tx: LedgerTransaction, registrations: readonly Registration[]): Promise<Known> {
  const { client } = tx
  const orderIds = registrations.map(({ orderId }) => orderId)
  const providerOrders = uniqueProviderOrders(registrations.flatMap((one) => providerOrderOf(one) ?? []))
  const userIds = [...new Set(registrations.map(({ userId }) => userId))]
  const [, accountsByUserId, ordersById, ordersByProviderOrder, chargedOrderIds, waitingByProviderOrder, at] =
    await roundTrip([
      lockProviderOrders(client, providerOrders),
      lockAccounts(client, userIds),
      readOrdersById(client, orderIds),
      readOrders(client, providerOrders),
      readChargedOrderIds(client, orderIds),
      readWaitingDeliveries(client, providerOrders),
      readClock(tx),
    ])
  const working = { at, accountsByUserId, ordersByProviderOrder, ...noSettledDeliveries() }
  const firstById = await readFirstProviderOrders(client, changedOrderIds(registrations, ordersById))
  return { working, ordersById, firstById, chargedOrderIds, waitingByProviderOrder }
}

/** Orders that are registered and have another provider order than their registration says. Usually there are none. */
const changedOrderIds = (
  registrations: readonly Registration[],
  ordersById: ReadonlyMap<string, Order>,
): readonly string[] =>
  registrations
    .filter((registration) => {
      const order = ordersById.get(registration.orderId)
      return order !== undefined && !isSameProviderOrder(order, registration)
    })
    .map(({ orderId }) => orderId)

function registerOne(
  tx: LedgerTransaction,
  known: Known,
  registration: Registration,
): Registered | RegistrationRejection {
  const { working, ordersById, chargedOrderIds, waitingByProviderOrder } = known
  const { orderId, userId, currency } = registration
  const providerOrder = providerOrderOf(registration)
  const key = providerOrder && providerOrderKey(providerOrder)
  // A user's first order opens the account, unless it is rejected.
  const account = working.accountsByUserId.get(userId) ?? emptyAccount(userId, currency, tx.accountMode)
  if (ordersById.has(orderId)) return registeredBefore(tx, known, registration, account)
  if (key !== undefined && working.ordersByProviderOrder.has(key)) return 'provider_order_taken'
  if (account.currency !== currency) return 'currency_mismatch'
  const charge = chargeOf(registration)
  if (account.balance < charge) return 'insufficient_funds'

  const paid: LockedAccount = charge === 0n ? account : { ...account, balance: account.balance - charge, mode: 'kept' }
  const order = newOrder(registration, working.at)
  ordersById.set(orderId, order)
  if (charge > 0n) {
    chargedOrderIds.add(orderId)
    const entryId = tx.newId()
    tx.changes.entries.push({ entryId, userId, kind: 'charge', orderId, amount: charge, balanceAfter: paid.balance })
  }
  recordRegistration(working, tx.changes, order, paid)
  const waiting = (key === undefined ? undefined : waitingByProviderOrder.get(key)) ?? []
  for (const delivery of waiting) applyDelivery(working, tx.changes, delivery, tx)
  return { ...currentView(tx, working, order), isNew: true, appliedDeliveries: waiting.length }
}

/** The order was registered before, or another one has its id. */
function registeredBefore(
  tx: LedgerTransaction,
  { working, ordersById, firstById, chargedOrderIds }: Known,
  registration: Registration,
  account: Account,
): Registered | RegistrationRejection {
  const order = ordersById.get(registration.orderId)!
  const isSame =
    isSameOrder(order, registration, firstById.get(order.orderId)) &&
    account.currency === registration.currency &&
    chargedOrderIds.has(order.orderId) === chargeOf(registration) > 0n
  return isSame ? { ...currentView(tx, working, order), isNew: false, appliedDeliveries: 0 } : 'order_conflict'
}

/** An order with all changes of this transaction. */
function currentView(
  { changes }: LedgerTransaction,
  working: WorkingSet,
  order: Order,
): Pick<Registered, 'order' | 'seq'> {
  const { currency, lastSeq } = working.accountsByUserId.get(order.userId)!
  return { order: panelView(changes.orders.get(order.orderId) ?? order, currency), seq: lastSeq }
}

/** The amount to take from the account. */
const chargeOf = ({ payment, charge }: Registration): bigint => (payment === 'account' ? charge : 0n)
