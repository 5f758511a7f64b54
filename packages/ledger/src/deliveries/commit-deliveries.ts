import { roundTrip } from '@paxyo/database'
import type { PoolClient } from 'pg'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import { applyDelivery, parkDelivery, refuseDelivery } from './apply-delivery.ts'
import type { Books } from '../model/working-set.ts'
import { commitChanges, type CommitDeps } from '../transaction/commit-change-set.ts'
import { lockAccountsOfOrders, lockProviderOrders, readClock, readOrders, readSettledDeliveries } from '../transaction/read-working-set.ts'

/** How deliveries of one transaction are settled when they can't simply be applied. */
type Fallback =
  /** Leave those whose order is not registered for another transaction. */
  | 'leave'
  /** Hold the locks that keep others from registering these orders, and park what has none. */
  | 'park'
  /** Change nothing but put every delivery up for review. */
  | 'refuse'

/**
 * Commits deliveries of one provider, in their order, and publishes what follows from them.
 *
 * Those whose order is not registered go into a second transaction. It takes the advisory locks of their orders before
 * any account's lock, as registering does, so the two exclude each other and can't deadlock.
 */
export async function commitBatch(deps: CommitDeps, deliveries: readonly Delivery[]): Promise<DeliveryResult[]> {
  const results = await commit(deps, deliveries, 'leave')
  const left = deliveries.filter((_delivery, index) => results[index] === undefined)
  const parked = left.length === 0 ? [] : await commit(deps, left, 'park')
  return results.map((result) => result ?? parked.shift()!)
}

/** Commits a delivery whose changes the database refused: nothing but the delivery and its review. */
export async function commitRefused(deps: CommitDeps, delivery: Delivery): Promise<DeliveryResult> {
  const [result] = await commit(deps, [delivery], 'refuse')
  return result!
}

function commit(
  deps: CommitDeps,
  deliveries: readonly Delivery[],
  fallback: Fallback,
): Promise<(DeliveryResult | undefined)[]> {
  return commitChanges(deps, async (client, changes) => {
    const books = await readBooks(client, deliveries, fallback === 'park')
    const results = deliveries.map((delivery) => {
      if (fallback === 'refuse') return refuseDelivery(books, changes, delivery, deps.newId)
      const result = applyDelivery(books, changes, delivery, deps)
      return result ?? (fallback === 'park' ? parkDelivery(books, changes, delivery, deps.newId) : undefined)
    })
    return { at: books.at, result: results }
  })
}

/** Takes the locks, then reads what they protect, all in one round trip with BEGIN. */
async function readBooks(client: PoolClient, deliveries: readonly Delivery[], lockOrders: boolean): Promise<Books> {
  const { provider } = deliveries[0]!
  const orderIds = [...new Set(deliveries.flatMap(({ update }) => update?.providerOrderId ?? []))]
  const deliveryIds = deliveries.map(({ deliveryId }) => deliveryId)
  const [, accountsByUserId, ordersByProviderOrderId, settled, at] = await roundTrip([
    lockOrders ? lockProviderOrders(client, provider, orderIds) : undefined,
    lockAccountsOfOrders(client, provider, orderIds),
    readOrders(client, provider, orderIds),
    readSettledDeliveries(client, deliveryIds),
    readClock(client),
  ])
  return { at, accountsByUserId, ordersByProviderOrderId, ...settled }
}
