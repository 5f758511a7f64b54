import type { ChangeSet } from '../model/change-set.ts'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import { providerOrderKey } from '../model/provider-order.ts'
import type { WorkingSet } from '../model/working-set.ts'
import { settle } from './apply-delivery.ts'
import type { WaitingDelivery } from './read-waiting.ts'

/** Committed rows about provider orders that no order has. */
export interface Unregistered {
  /** By {@link providerOrderKey}. */
  readonly waiting: ReadonlyMap<string, readonly WaitingDelivery[]>
  /** Those that an order once had, by {@link providerOrderKey}. */
  readonly former: ReadonlySet<string>
}

/**
 * Records deliveries of provider orders that no order has, in the order of their arrival. The last one of each status
 * waits until an order has it, and supersedes those before it, so a provider order never has more than a dozen of them.
 * They are parked when no order has had it yet, and superseded, too, when it was replaced.
 *
 * @returns a result for each.
 */
export function parkDeliveries(
  working: WorkingSet,
  changes: ChangeSet,
  deliveries: readonly Delivery[],
  { waiting, former }: Unregistered,
  newId: NewId,
): DeliveryResult[] {
  const seen = new Set<string>()
  const results = deliveries.toReversed().map((delivery) => {
    // One that was verified had its order when it arrived.
    const waits = delivery.verification === undefined && isFirst(seen, delivery)
    const isParked = waits && !former.has(keyOf(delivery))
    return settle(working, changes, delivery, { outcome: isParked ? 'parked' : 'superseded' }, newId, { waits })
  })
  for (const earlier of [...waiting.values()].flatMap((ofOrder) => ofOrder.toReversed())) {
    if (!isFirst(seen, earlier)) settle(working, changes, earlier, { outcome: 'superseded' }, newId)
  }
  return results.toReversed()
}

const keyOf = ({ provider, update }: Delivery): string =>
  update === undefined ? '' : providerOrderKey({ provider, providerOrderId: update.providerOrderId })

/** Whether none of the same provider order and status was seen before. */
function isFirst(seen: Set<string>, delivery: Delivery): boolean {
  const key = `${keyOf(delivery)}\n${delivery.update?.status} ${delivery.update?.problem}`
  if (seen.has(key)) return false
  seen.add(key)
  return true
}
