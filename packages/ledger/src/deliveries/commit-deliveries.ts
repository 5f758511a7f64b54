import { roundTrip } from '@paxyo/database'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import { uniqueProviderOrders, type ProviderOrder } from '../model/provider-order.ts'
import type { WorkingSet } from '../model/working-set.ts'
import { commitChangeSet, type LedgerDeps } from '../transaction/commit-change-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import {
  lockAccountsOfOrders,
  lockFreeAccounts,
  lockProviderOrders,
  mayHaveRow,
  readClock,
  readOrders,
  readSettledDeliveries,
} from '../transaction/read-working-set.ts'
import { readFormerProviderOrders } from '../transaction/provider-order-changes.ts'
import { holdErasures } from './hold-erasures.ts'
import { applyDelivery, rejectDelivery } from './apply-delivery.ts'
import { parkDeliveries } from './park-deliveries.ts'
import { readWaitingDeliveries } from './read-waiting.ts'

/**
 * Commits deliveries of any providers, in their order, and publishes their events.
 *
 * Deliveries without a registered order go into a second transaction, and so do those whose account another transaction has
 * locked: the first one waits for neither. Like a registration, the second one takes the advisory locks of the orders before the
 * locks of accounts, so parking and registering an order exclude each other and cannot deadlock.
 *
 * @returns a result for each delivery, in their order.
 * @throws the database's errors.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const [result] = await commitDeliveries(ledger, [canceled])
 * result!.outcome //=> 'applied'
 */
export async function commitDeliveries(deps: LedgerDeps, deliveries: readonly Delivery[]): Promise<DeliveryResult[]> {
  const results = await applyAtOnce(deps, deliveries)
  const others = deliveries.filter((_delivery, index) => results[index] === undefined)
  const waited = others.length === 0 ? [] : await applyOrPark(deps, others)
  return results.map((result) => result ?? waited.shift()!)
}

/** Commits a delivery whose changes the database rejected: only the delivery and its review. */
export function commitRejected(deps: LedgerDeps, delivery: Delivery): Promise<DeliveryResult> {
  return commitChangeSet(deps, async (tx) => {
    const working = await readWorkingSet(tx, [delivery])
    return rejectDelivery(working, tx.changes, delivery, tx.newId)
  })
}

/**
 * Applies deliveries of registered orders whose accounts are not locked; `undefined` for the others, which write nothing. It waits
 * for no account.
 *
 * @param isRetry whether an earlier attempt may have committed some of them, which are duplicates then. The first attempt does not look
 *   up ids that were drawn for these requests.
 */
export function applyAtOnce(
  deps: LedgerDeps,
  deliveries: readonly Delivery[],
  isRetry = true,
): Promise<(DeliveryResult | undefined)[]> {
  return commitChangeSet(deps, async (tx) => {
    const working = await readWorkingSet(tx, deliveries, lockFreeAccounts, isRetry)
    const results = deliveries.map((delivery) => applyDelivery(working, tx.changes, delivery, tx))
    tx.changes.acknowledges = results.some((result) => result !== undefined)
    return results
  })
}

/**
 * Blocks registrations of these orders and waits for their accounts, applies the deliveries of registered orders, and parks or
 * supersedes the rest.
 */
export function applyOrPark(deps: LedgerDeps, deliveries: readonly Delivery[]): Promise<DeliveryResult[]> {
  return commitChangeSet(deps, async (tx) => {
    const { client, changes, newId } = tx
    const orders = ordersOf(deliveries)
    // Not awaited before the reads: it is sent first, so it is done first. Former provider orders are read after the
    // orders, under the locks of their accounts: an order that is not there any more has its change there already.
    const [, , working, waiting, former] = await roundTrip([
      holdErasures(client),
      lockProviderOrders(client, orders),
      readWorkingSet(tx, deliveries),
      readWaitingDeliveries(client, orders),
      readFormerProviderOrders(client, orders),
    ])
    const unknown = new Map<string, Delivery>()
    const results = deliveries.map((delivery): DeliveryResult | undefined => {
      if (unknown.has(delivery.deliveryId)) return { outcome: 'duplicate' }
      const result = applyDelivery(working, changes, delivery, tx)
      if (result === undefined) unknown.set(delivery.deliveryId, delivery)
      return result
    })
    const parked = parkDeliveries(working, changes, [...unknown.values()], { waiting, former }, newId)
    return results.map((result) => result ?? parked.shift()!)
  })
}

/** Takes the locks, then reads what they protect, all in one round trip with BEGIN. */
async function readWorkingSet(
  tx: LedgerTransaction,
  deliveries: readonly Delivery[],
  lockAccounts = lockAccountsOfOrders,
  isRetry = true,
): Promise<WorkingSet> {
  const { client } = tx
  const orders = ordersOf(deliveries)
  const [accountsByUserId, ordersByProviderOrder, settled, at] = await roundTrip([
    lockAccounts(client, orders),
    readOrders(client, orders),
    readSettledDeliveries(client, isRetry ? deliveries : deliveries.filter(mayHaveRow)),
    readClock(tx),
  ])
  return { at, accountsByUserId, ordersByProviderOrder, ...settled }
}

const ordersOf = (deliveries: readonly Delivery[]): ProviderOrder[] =>
  uniqueProviderOrders(
    deliveries.flatMap(({ provider, update }) =>
      update === undefined ? [] : { provider, providerOrderId: update.providerOrderId },
    ),
  )
