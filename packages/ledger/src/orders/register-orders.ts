import type { ErrorCode, OrderView } from '@paxyo/contracts'
import { PROVIDER } from '@paxyo/godofpanel'
import { roundTrip } from '@paxyo/database'
import { parseMoney } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { emptyAccount, insertAccounts, lockAccounts } from '../accounts/lock-accounts.ts'
import { applyDelivery, type ApplyRules } from '../deliveries/apply-delivery.ts'
import { orderView, recordRegistration } from '../transaction/record-event.ts'
import { noSettledDeliveries, type Account, type Books, type Order } from '../model/working-set.ts'
import type { Changes } from '../model/change-set.ts'
import { lockProviderOrders, readClock, readOrders } from '../transaction/read-working-set.ts'
import type { Delivery } from '../model/delivery.ts'
import { isSameOrder, newOrder } from './new-order.ts'
import { readChargedOrderIds, readOrdersById, readParkedDeliveries } from './read-known.ts'
import type { Registration } from '@paxyo/panel-client'

export interface Registered {
  readonly order: OrderView
  /** The user's seq after this. */
  readonly seq: number
  readonly isNew: boolean
  /** How many deliveries had been waiting for this order. */
  readonly appliedDeliveries: number
}

export type RegistrationRefusal = Extract<
  ErrorCode,
  'order_conflict' | 'provider_order_taken' | 'currency_mismatch' | 'insufficient_funds'
>

/** What the transaction has read under its locks, brought forward with every order. */
interface Known {
  readonly books: Books
  readonly ordersById: Map<string, Order>
  /** Orders whose charge was taken from the account. */
  readonly chargedOrderIds: Set<string>
  readonly parkedByProviderOrderId: Map<string, Delivery[]>
}

/**
 * Registers orders, one after the other, in the transaction of `client`: opens the accounts of new users, takes charges
 * that are to be paid from an account, and applies what the provider has said about these orders already. All in one
 * transaction, so that there is no moment at which an update could be missed. An order that is refused changes nothing.
 *
 * @returns for each what became of it.
 * @throws the database's errors. Somebody may register the same order or open the same account at this moment: it is
 *   refused then, or the loser of a deadlock, and must be run again.
 */
export async function registerOrders(
  client: PoolClient,
  changes: Changes,
  registrations: readonly Registration[],
  rules: ApplyRules,
): Promise<{ at: Date; results: (Registered | RegistrationRefusal)[] }> {
  const known = await readKnown(client, registrations)
  const lockedUserIds = new Set(known.books.accountsByUserId.keys())
  const results = registrations.map((registration) => registerOne(known, changes, registration, rules))
  const opened = [...changes.accounts.values()].filter(({ userId }) => !lockedUserIds.has(userId))
  await insertAccounts(client, opened)
  return { at: known.books.at, results }
}

/** Takes the locks, then reads what they protect, all in one round trip with BEGIN. */
async function readKnown(client: PoolClient, registrations: readonly Registration[]): Promise<Known> {
  const orderIds = registrations.map(({ orderId }) => orderId)
  const providerOrderIds = [...new Set(registrations.map(({ providerOrderId }) => providerOrderId))]
  const userIds = [...new Set(registrations.map(({ userId }) => userId))]
  const [, accountsByUserId, ordersById, ordersByProviderOrderId, chargedOrderIds, parkedByProviderOrderId, at] =
    await roundTrip([
      lockProviderOrders(client, PROVIDER, providerOrderIds),
      lockAccounts(client, userIds),
      readOrdersById(client, orderIds),
      readOrders(client, PROVIDER, providerOrderIds),
      readChargedOrderIds(client, orderIds),
      readParkedDeliveries(client, PROVIDER, providerOrderIds),
      readClock(client),
    ])
  const books = { at, accountsByUserId, ordersByProviderOrderId, ...noSettledDeliveries() }
  return { books, ordersById, chargedOrderIds, parkedByProviderOrderId }
}

function registerOne(
  known: Known,
  changes: Changes,
  registration: Registration,
  rules: ApplyRules,
): Registered | RegistrationRefusal {
  const { books, ordersById, chargedOrderIds, parkedByProviderOrderId } = known
  const { orderId, providerOrderId, userId, currency } = registration
  // A user's first order opens the account, unless it is refused.
  const account = books.accountsByUserId.get(userId) ?? emptyAccount(userId, currency)
  if (ordersById.has(orderId)) return registeredBefore(known, registration, account)
  if (books.ordersByProviderOrderId.has(providerOrderId)) return 'provider_order_taken'
  if (account.currency !== currency) return 'currency_mismatch'
  const charge = chargeOf(registration)
  if (account.balance < charge) return 'insufficient_funds'

  const paid = { ...account, balance: account.balance - charge }
  const order = newOrder(registration, books.at)
  ordersById.set(orderId, order)
  if (charge > 0n) {
    chargedOrderIds.add(orderId)
    const entryId = rules.newId()
    changes.entries.push({ entryId, userId, kind: 'charge', orderId, amount: charge, balanceAfter: paid.balance })
  }
  recordRegistration(books, changes, order, paid)
  const parked = parkedByProviderOrderId.get(providerOrderId) ?? []
  for (const delivery of parked) applyDelivery(books, changes, delivery, rules)
  return { ...asItIs(books, order), isNew: true, appliedDeliveries: parked.length }
}

/** The same order again, or another one under its id. */
function registeredBefore(
  { books, ordersById, chargedOrderIds }: Known,
  registration: Registration,
  account: Account,
): Registered | RegistrationRefusal {
  const order = ordersById.get(registration.orderId)!
  const isSame =
    isSameOrder(order, registration) &&
    account.currency === registration.currency &&
    chargedOrderIds.has(order.orderId) === chargeOf(registration) > 0n
  return isSame ? { ...asItIs(books, order), isNew: false, appliedDeliveries: 0 } : 'order_conflict'
}

/** An order with all that this transaction has done to it. */
function asItIs(books: Books, { providerOrderId, userId }: Order): Pick<Registered, 'order' | 'seq'> {
  const { currency, lastSeq } = books.accountsByUserId.get(userId)!
  return { order: orderView(books.ordersByProviderOrderId.get(providerOrderId)!, currency), seq: lastSeq }
}

/** What is to be taken from the account. */
const chargeOf = ({ payment, charge }: Registration): bigint => (payment === 'account' ? parseMoney(charge) : 0n)
