import type { ChangeSet } from '../model/change-set.ts'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import { providerOrderKey } from '../model/provider-order.ts'
import type { WorkingSet } from '../model/working-set.ts'
import { settle } from './apply-delivery.ts'
import type { WaitingDelivery } from './read-waiting.ts'

/** The most words that are in no map, and the most remains of partial updates, that wait. Other statuses are few. */
const VARIANTS_MAX = 32

/** Committed rows about provider orders that no order has. */
export interface Unregistered {
  /** By {@link providerOrderKey}. */
  readonly waiting: ReadonlyMap<string, readonly WaitingDelivery[]>
  /** Those that an order once had, by {@link providerOrderKey}. */
  readonly former: ReadonlySet<string>
}

/**
 * Records deliveries of provider orders that no order has, in the order of their arrival. The last one of each status
 * waits until an order has it, and supersedes those before it, so their number is bounded. Each remains of a partial order
 * is a status here: which of them is valid depends on the quantity, and the refund must not depend on the order of arrival.
 * They are parked when no order has had it yet, and superseded, too, when it was replaced.
 *
 * A delivery whose order was placed again while it awaited its verification waits as well, whatever the provider responded
 * about it: the order that gets the provider order has another charge, so it is verified again for that one.
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
  const seen: Seen = new Map()
  const results = new Map<Delivery, DeliveryResult>()
  const park = (delivery: Delivery): void => {
    const waits = isFirst(seen, delivery)
    const isParked = waits && !former.has(keyOf(delivery))
    const outcome = isParked ? 'parked' : 'superseded'
    results.set(delivery, settle(working, changes, delivery, { outcome }, newId, { waits }))
  }
  deliveries
    .filter((delivery) => !wasVerified(delivery))
    .toReversed()
    .forEach(park)
  for (const earlier of [...waiting.values()].flatMap((ofOrder) => ofOrder.toReversed())) {
    if (!isFirst(seen, earlier)) settle(working, changes, earlier, { outcome: 'superseded' }, newId)
  }
  // Its order had the provider order when it arrived, so it is older than the others.
  deliveries.filter(wasVerified).toReversed().forEach(park)
  return deliveries.map((delivery) => results.get(delivery)!)
}

const wasVerified = ({ verification }: Delivery): boolean => verification !== undefined

const keyOf = ({ provider, update }: Delivery): string =>
  update === undefined ? '' : providerOrderKey({ provider, providerOrderId: update.providerOrderId })

/** Statuses, by provider order; apart from them, its words that are in no map, and its partial updates. */
type Seen = Map<string, Set<string>>

/** Whether none of the same provider order and status was seen before. */
function isFirst(seen: Seen, delivery: Delivery): boolean {
  const { status, problem, word, remains } = delivery.update ?? {}
  const hasVariants = status === 'unknown' || status === 'partial'
  const key = JSON.stringify([keyOf(delivery), hasVariants ? status : 'others'])
  const statuses = seen.get(key) ?? new Set()
  const name = JSON.stringify([status, problem, word, status === 'partial' ? remains : null])
  if (statuses.has(name) || statuses.size === VARIANTS_MAX) return false
  seen.set(key, statuses.add(name))
  return true
}
