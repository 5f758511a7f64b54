import { CLOSED_STATUSES } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import type { Pool } from 'pg'
import { noSettledDeliveries, type WorkingSet } from '../model/working-set.ts'
import type { ProviderOrder } from '../model/provider-order.ts'
import { commitImport, type ImportDeps } from '../transaction/commit-import.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { lockProviderOrders, readClock } from '../transaction/read-working-set.ts'
import { settle } from './apply-delivery.ts'
import { readWaitingDeliveries, type WaitingDelivery } from './read-waiting.ts'

/** Provider orders of one transaction: few enough that registrations do not wait long for their locks. */
const CHUNK_ORDERS = 200

const FIND_OLD = `
  SELECT provider, provider_order_id AS "providerOrderId" FROM deliveries
  WHERE outcome = 'parked' AND received_at < clock_timestamp() - $1 * interval '1 day'
  GROUP BY provider, provider_order_id LIMIT ${CHUNK_ORDERS}`

/**
 * Ends the wait of deliveries whose order was not registered within their retention, in chunks. The last one that reports
 * a final status, or the last one, is put up for review; the others of the same provider order are superseded.
 *
 * @returns how many provider orders are put up for review.
 * @example
 * await reviewUnregistered(ledger, 7) //=> 0
 */
export async function reviewUnregistered(deps: ImportDeps, retentionDays: number): Promise<number> {
  for (let total = 0; ;) {
    const old = await findOld(deps.pool, retentionDays)
    const count = old.length === 0 ? 0 : await commitImport(deps, (tx) => reviewSome(tx, old))
    total += count
    if (count === 0) return total
  }
}

async function findOld(pool: Pool, retentionDays: number): Promise<ProviderOrder[]> {
  const { rows } = await pool.query<ProviderOrder>(FIND_OLD, [retentionDays])
  return rows
}

async function reviewSome(tx: LedgerTransaction, providerOrders: readonly ProviderOrder[]): Promise<number> {
  const [, waiting, at] = await roundTrip([
    lockProviderOrders(tx.client, providerOrders),
    readWaitingDeliveries(tx.client, providerOrders),
    readClock(tx),
  ])
  const none: Pick<WorkingSet, 'ordersByProviderOrder' | 'accountsByUserId'> = {
    ordersByProviderOrder: new Map(),
    accountsByUserId: new Map(),
  }
  const working: WorkingSet = { at, ...none, ...noSettledDeliveries() }
  for (const deliveries of waiting.values()) {
    const shown = deliveries.findLast(isFinal) ?? deliveries.at(-1)
    for (const delivery of deliveries) {
      const result =
        delivery === shown
          ? ({ outcome: 'review', review: 'order_not_registered' } as const)
          : ({ outcome: 'superseded' } as const)
      settle(working, tx.changes, delivery, result, tx.newId)
    }
  }
  return waiting.size
}

const isFinal = ({ update }: WaitingDelivery): boolean => CLOSED_STATUSES.some((status) => status === update.status)
