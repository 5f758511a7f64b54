import type { OrderStatus } from '@paxyo/contracts'
import type { Provider } from '@paxyo/order-core'
import type { ImportMap } from './import-map.ts'
import type { ImportRecord } from './read-records.ts'

/** The text for MySQL's NULL in the `statuses` of a map, as phpMyAdmin writes it. */
const NULL_WORD = 'NULL'

/**
 * Reads a row's status: first in the map's `statuses`, then among the provider's words. An empty status is a word, too:
 * MySQL stores it when a panel sets an ENUM to a value that it does not have, such as a status of a canceled order.
 */
export function readStatus(
  record: ImportRecord,
  { columns, statuses }: ImportMap,
  provider: Provider,
): { readonly status: OrderStatus } | { readonly problem: string } {
  const source = columns['status'] ?? 'status'
  const word = typeof source === 'string' ? wordOf(record.fields[source]) : source.value
  if (word === undefined) {
    return { problem: 'status: is missing; map its column, or set {"value": "pending"} for all rows' }
  }
  if (Object.hasOwn(statuses, word)) return { status: statuses[word]! }
  const status = word === '' ? 'unknown' : provider.readStatus(word)
  if (status !== 'unknown' && status !== 'ignored') return { status }
  return {
    problem: `status: ${word === '' ? 'an empty one' : word} is unknown; add "${word}" to the statuses of the map`,
  }
}

/** @returns undefined when the file has no such column, or its value is not a scalar. */
function wordOf(value: unknown): string | undefined {
  if (value === null) return NULL_WORD
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return isScalar ? String(value).trim() : undefined
}
