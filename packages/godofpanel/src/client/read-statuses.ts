import type { ProviderResponse } from '@paxyo/order-core'
import { ProviderError } from '@paxyo/order-core'
import { findEntries, type Entry } from '../find-entries.ts'
import { toUpdate } from '../parse-updates.ts'
import type { ReadStatus } from '../status-words.ts'
import { isFields } from '../update-fields.ts'

/**
 * Reads what a provider says about the orders that it was asked about, as webhooks are read. An item that holds no status
 * is that order's `provider_error` and no other's. Orders that were not asked about are ignored.
 *
 * @throws ProviderError `malformed_response` when it speaks of no order at all.
 */
export function readStatuses(
  value: unknown,
  orderIds: readonly string[],
  readStatus: ReadStatus,
): Map<string, ProviderResponse> {
  const found = new Map<string, ProviderResponse>()
  for (const orderId of orderIds) {
    const entry = entryOf(value, orderId, orderIds.length === 1)
    if (entry !== undefined) found.set(orderId, toResponse(orderId, entry.value, readStatus))
  }
  if (found.size === 0 && !isEmpty(value) && !isFields(value) && !Array.isArray(value)) {
    throw new ProviderError('malformed_response', 'neither an object nor a list')
  }
  return found
}

/** Under the order's id, in a list, in a wrapper, or, when it is the only one asked about, flat. */
function entryOf(value: unknown, orderId: string, isOnlyOne: boolean): Entry | undefined {
  if (isFields(value) && Object.hasOwn(value, orderId)) return { key: orderId, value: value[orderId] }
  const entries = findEntries(value) ?? (isOnlyOne && isFields(value) ? [{ value }] : [])
  const own = entries.filter((entry) => toUpdate(entry, () => 'unknown')?.providerOrderId === orderId)
  if (own.length > 1) return { value: null }
  if (own.length === 1) return own[0]
  const [only] = entries
  const namesNone = only !== undefined && toUpdate(only, () => 'unknown') === undefined
  return isOnlyOne && entries.length === 1 && namesNone ? only : undefined
}

function toResponse(orderId: string, value: unknown, readStatus: ReadStatus): ProviderResponse {
  const item = isFields(value) ? value : { error: typeof value === 'string' ? value : 'the item is not an object' }
  const body = JSON.stringify({ [orderId]: item })
  const update = toUpdate({ key: orderId, value: item }, readStatus)
  if (update?.providerOrderId === orderId) return { update, body }
  const unknown = { providerOrderId: orderId, remains: null, startCount: null }
  return {
    update: { ...unknown, status: 'unknown', problem: 'provider_error' },
    body: JSON.stringify({ [orderId]: { error: body } }),
  }
}

/** PHP writes an empty map as an empty list. */
const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0
