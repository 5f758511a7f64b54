import { ProviderError, type ProviderResponse, type StatusUpdate } from '@paxyo/order-core'
import { findEntries, type Entry } from '../find-entries.ts'
import { toUpdate } from '../parse-updates.ts'
import type { ReadStatus } from '../status-words.ts'
import { isFields } from '../update-fields.ts'

/**
 * Reads the statuses of the requested orders with the webhook parser. An item without a status is a `provider_error` for
 * that order and does not affect the others. Orders that were not requested are ignored, and missing ones are not in
 * the map.
 *
 * @throws ProviderError `malformed_response` when the response is neither an object nor a list.
 */
export function readStatuses(
  value: unknown,
  orderIds: readonly string[],
  readStatus: ReadStatus,
): Map<string, ProviderResponse> {
  const entries = findEntries(value) ?? (isFields(value) ? [{ value }] : undefined)
  if (entries === undefined) throw new ProviderError('malformed_response', 'neither an object nor a list')
  const byOrderId = Map.groupBy(entries, (entry) => toUpdate(entry, readStatus)?.providerOrderId)

  const found = new Map<string, ProviderResponse>()
  for (const orderId of orderIds) {
    const entry = entryOf(value, orderId, byOrderId)
    // The API responds flat to a request for one order.
    const flat = orderIds.length === 1 && entries.length === 1 ? byOrderId.get(undefined)?.[0] : undefined
    const item = entry ?? flat
    if (item !== undefined) found.set(orderId, toResponse(orderId, item.value, readStatus))
  }
  return found
}

/** The entry under the order's id, or the only one with this id; several contradict each other. */
function entryOf(
  value: unknown,
  orderId: string,
  byOrderId: ReadonlyMap<string | undefined, readonly Entry[]>,
): Entry | undefined {
  if (isFields(value) && Object.hasOwn(value, orderId)) return { value: value[orderId] }
  const [entry, another] = byOrderId.get(orderId) ?? []
  return another === undefined ? entry : { value: 'several items for this order' }
}

function toResponse(orderId: string, value: unknown, readStatus: ReadStatus): ProviderResponse {
  const item = isFields(value) ? value : { error: typeof value === 'string' ? value : 'the item is not an object' }
  const update = toUpdate({ key: orderId, value: item }, readStatus)
  if (update?.providerOrderId === orderId) return { update, body: JSON.stringify({ [orderId]: item }) }
  const failed: StatusUpdate = {
    providerOrderId: orderId,
    remains: null,
    startCount: null,
    status: 'unknown',
    problem: 'provider_error',
  }
  return { update: failed, body: JSON.stringify({ [orderId]: { error: JSON.stringify(item) } }) }
}
