import { ProviderError, type ProviderResponse, type StatusUpdate } from '@paxyo/order-core'
import { findEntries, hasId, type Entry } from '../find-entries.ts'
import { toUpdate } from '../parse-updates.ts'
import type { ReadStatus } from '../status-words.ts'
import { isFields, readUpdateFields } from '../update-fields.ts'

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
    const alone = orderIds.length === 1 && entries.length === 1 ? byOrderId.get(undefined)?.[0] : undefined
    if (entry !== undefined) found.set(orderId, toResponse(orderId, entry.value, readStatus))
    else if (alone !== undefined) found.set(orderId, readAlone(orderId, value, alone, readStatus))
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

/**
 * Reads a response to a request for one order that does not name it: `{status, remains}`, or
 * `{status: true, data: {status, remains}}`. With the order's id it is a webhook.
 */
function readAlone(orderId: string, value: unknown, alone: Entry, readStatus: ReadStatus): ProviderResponse {
  // Contradicting ids are not no id.
  const isNamed = [alone.value, alone.envelope].some((fields) => isFields(fields) && hasId(readUpdateFields(fields)))
  if (isNamed || !isFields(value)) return toResponse(orderId, alone.value, readStatus)
  const named = { ...value, order_id: orderId }
  const [entry, another] = findEntries(named) ?? []
  const update = entry === undefined || another !== undefined ? undefined : toUpdate(entry, readStatus)
  return update?.providerOrderId === orderId
    ? { update, body: JSON.stringify(named) }
    : toResponse(orderId, value, readStatus)
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
