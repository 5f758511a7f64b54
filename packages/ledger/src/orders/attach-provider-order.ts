import type { ErrorCode } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { applyDelivery } from '../deliveries/apply-delivery.ts'
import { readWaitingDeliveries } from '../deliveries/read-waiting.ts'
import { providerOrderKey, isSameProviderOrder, providerOrderOf, type ProviderOrder } from '../model/provider-order.ts'
import { noSettledDeliveries, type Account, type Order, type WorkingSet } from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { lockProviderOrders, readClock, readOrders } from '../transaction/read-working-set.ts'
import { panelView, recordUpdate, type PanelView } from '../transaction/record-event.ts'
import { releaseApprovals } from '../reviews/release-approvals.ts'
import { lockOrder } from './lock-order.ts'
import { writeProviderOrderChange } from '../transaction/provider-order-changes.ts'

export interface Attached {
  readonly order: PanelView
  readonly userId: string
  /** The user's seq after this. */
  readonly seq: number
  /** The provider order that the order had before; undefined when it had none, or has this one already. */
  readonly replaced: ProviderOrder | undefined
  /** How many deliveries had been waiting for this provider order. */
  readonly appliedDeliveries: number
}

export type AttachRejection = Extract<ErrorCode, 'order_not_found' | 'provider_order_taken' | 'order_final'>

/**
 * Attaches a provider order to an order, or replaces the one that it has, with an event for its user, and applies the
 * deliveries that have been waiting for it, in one transaction. Attaching it again changes nothing.
 *
 * What was decided about a delivery stays with the order that had its provider order then. An undecided delivery follows the
 * provider order: a refund that waits for its verification or for a person's approval is decided about the order that has
 * the provider order afterwards, and about none as long as there is none. Later deliveries of the provider order that was
 * replaced are superseded.
 *
 * A new provider order starts from the beginning, so an order that is placed again is pending. An order that is completed,
 * partial or canceled is settled, and is rejected: its refund is decided already.
 *
 * @returns the order afterwards; or why it was rejected, and then nothing is recorded.
 * @example
 * const to = { provider: 'godofpanel', providerOrderId: '67890' }
 * await commitChangeSet(ledger, (tx) => attachProviderOrder(tx, 'A-1', to, 'a-key')) //=> 'order_not_found'
 */
export async function attachProviderOrder(
  tx: LedgerTransaction,
  orderId: string,
  to: ProviderOrder,
  keyId: string,
): Promise<Attached | AttachRejection> {
  const { client, newId } = tx
  // As in a registration: the lock excludes the parking of deliveries, and comes before the account's.
  const [, locked, holders, waitingByProviderOrder, at] = await roundTrip([
    lockProviderOrders(client, [to]),
    lockOrder(client, orderId),
    readOrders(client, [to]),
    readWaitingDeliveries(client, [to]),
    readClock(tx),
  ])
  if (locked === undefined) return 'order_not_found'
  const { order, account } = locked
  if (isSameProviderOrder(order, to)) return view(order, account, undefined, 0)
  if (holders.size > 0) return 'provider_order_taken'
  if (isFinal(order)) return 'order_final'

  const former = providerOrderOf(order)
  if (former !== undefined) await releaseApprovals(tx, { orderId, former, keyId, at })
  await roundTrip(writeProviderOrderChange(client, { changeId: newId(), orderId, to, former: order, keyId, at }))
  const waiting = waitingByProviderOrder.get(providerOrderKey(to)) ?? []
  const working: WorkingSet = {
    at,
    ordersByProviderOrder: new Map(),
    accountsByUserId: new Map([[account.userId, account]]),
    ...noSettledDeliveries(),
  }
  recordUpdate(working, tx.changes, order, { ...order, ...startOf(order), ...to, updatedAt: at }, newId)
  for (const delivery of waiting) applyDelivery(working, tx.changes, delivery, tx)
  return view(tx.changes.orders.get(orderId)!, working.accountsByUserId.get(account.userId)!, former, waiting.length)
}

const isFinal = ({ status }: Order): boolean => status === 'completed' || status === 'partial' || status === 'canceled'

/** What is known from the provider order before does not apply to the next one. */
function startOf(order: Order): Pick<Order, 'status' | 'remains' | 'startCount'> {
  if (order.providerOrderId === null && order.status !== 'failed') return order
  return { status: 'pending', remains: null, startCount: null }
}

function view(
  order: Order,
  { userId, currency, lastSeq }: Account,
  replaced: ProviderOrder | undefined,
  appliedDeliveries: number,
): Attached {
  return { order: panelView(order, currency), userId, seq: lastSeq, replaced, appliedDeliveries }
}
