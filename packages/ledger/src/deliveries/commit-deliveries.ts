import { roundTrip } from '@paxyo/database'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import { providerOrderKey, uniqueProviderOrders, type ProviderOrder } from '../model/provider-order.ts'
import type { WorkingSet } from '../model/working-set.ts'
import { commitChangeSet, type LedgerDeps } from '../transaction/commit-change-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import {
  lockAccountsOfOrders,
  lockProviderOrders,
  readClock,
  readOrders,
  readSettledDeliveries,
} from '../transaction/read-working-set.ts'
import { readFormerProviderOrders } from '../transaction/provider-order-changes.ts'
import { applyDelivery, parkDelivery, rejectDelivery, supersedeDelivery } from './apply-delivery.ts'

/**
 * Commits deliveries of any providers, in their order, and publishes their events.
 *
 * Deliveries without a registered order go into a second transaction. Like a registration, it takes the advisory locks
 * of the orders before any account's lock, so the two exclude each other and cannot deadlock.
 *
 * @returns a result for each delivery, in their order.
 * @throws the database's errors.
 */
export async function commitDeliveries(deps: LedgerDeps, deliveries: readonly Delivery[]): Promise<DeliveryResult[]> {
  const results = await applyKnown(deps, deliveries)
  const unknown = deliveries.filter((_delivery, index) => results[index] === undefined)
  const parked = unknown.length === 0 ? [] : await parkUnknown(deps, unknown)
  return results.map((result) => result ?? parked.shift()!)
}

/** Commits a delivery whose changes the database rejected: only the delivery and its review. */
export function commitRejected(deps: LedgerDeps, delivery: Delivery): Promise<DeliveryResult> {
  return commitChangeSet(deps, async (tx) => {
    const working = await readWorkingSet(tx, [delivery])
    return rejectDelivery(working, tx.changes, delivery, tx.newId)
  })
}

/** Applies deliveries of registered orders; `undefined` for the others, which write nothing. */
function applyKnown(deps: LedgerDeps, deliveries: readonly Delivery[]): Promise<(DeliveryResult | undefined)[]> {
  return commitChangeSet(deps, async (tx) => {
    const working = await readWorkingSet(tx, deliveries)
    return deliveries.map((delivery) => applyDelivery(working, tx.changes, delivery, tx))
  })
}

/**
 * Blocks registrations of these orders, and applies deliveries of orders registered since. Of the rest it supersedes those
 * of provider orders that an order once had, and parks the others.
 */
function parkUnknown(deps: LedgerDeps, deliveries: readonly Delivery[]): Promise<DeliveryResult[]> {
  return commitChangeSet(deps, async (tx) => {
    const orders = ordersOf(deliveries)
    // Not awaited before the reads: it is sent first, so it is done first. Former provider orders are read after the
    // orders, under the locks of their accounts: an order that is not there any more has its change there already.
    const [, working, former] = await roundTrip([
      lockProviderOrders(tx.client, orders),
      readWorkingSet(tx, deliveries),
      readFormerProviderOrders(tx.client, orders),
    ])
    const isFormer = ({ provider, update }: Delivery): boolean =>
      update !== undefined && former.has(providerOrderKey({ ...update, provider }))
    return deliveries.map((delivery) => {
      const wait = isFormer(delivery) ? supersedeDelivery : parkDelivery
      return applyDelivery(working, tx.changes, delivery, tx) ?? wait(working, tx.changes, delivery, tx.newId)
    })
  })
}

/** Takes the locks, then reads what they protect, all in one round trip with BEGIN. */
async function readWorkingSet(tx: LedgerTransaction, deliveries: readonly Delivery[]): Promise<WorkingSet> {
  const { client } = tx
  const orders = ordersOf(deliveries)
  const [accountsByUserId, ordersByProviderOrder, settled, at] = await roundTrip([
    lockAccountsOfOrders(client, orders),
    readOrders(client, orders),
    readSettledDeliveries(
      client,
      deliveries.map(({ deliveryId }) => deliveryId),
    ),
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
