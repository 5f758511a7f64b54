import { identifierSchema } from '@paxyo/contracts'
import type { ParseResult, StatusUpdate } from '@paxyo/order-core'
import { parseBody } from './parse-body.ts'
import type { ReadStatus } from './status-words.ts'

/** How many updates one request may contain. The provider's API returns at most 100 orders at once. */
export const UPDATES_MAX = 1000

type Fields = Readonly<Record<string, unknown>>

/**
 * Parses the webhooks of GodOfPanel and similar providers: one update, an array of them, `{orders: …}`, `{order: {…}}`,
 * `{data: …}` or `{id: {…}}`, as JSON or as a form. The order id is in `order_id`, `order` or `id`, or the entry's key.
 */
export function parseUpdates(contentType: 'json' | 'form', text: string, readStatus: ReadStatus): ParseResult {
  const body = parseBody(contentType, text)
  if ('error' in body) return body

  const entries = findEntries(body.value)
  if (entries === undefined) return { error: 'order_id_missing' }
  if (entries.length === 0) return { error: 'no_updates' }
  if (entries.length > UPDATES_MAX) return { error: 'too_many_updates' }

  const alone = entries.length === 1
  const updates = entries.map((entry) => ({
    update: toUpdate(entry, readStatus),
    body: alone ? text : JSON.stringify(entry.key === undefined ? entry.value : { [entry.key]: entry.value }),
  }))
  return updates.every(({ update }) => update === undefined) ? { error: 'order_id_missing' } : { updates }
}

interface Entry {
  /** The entry's key, if it was in an object of several entries. */
  readonly key?: string
  readonly value: unknown
}

const WRAPPERS = ['orders', 'order', 'data'] as const

/** The entries that are updates; `undefined` when there is nothing that could be one. */
function findEntries(value: unknown, depth = 0): Entry[] | undefined {
  if (Array.isArray(value)) return value.map((item: unknown) => ({ value: item }))
  if (!isFields(value)) return undefined
  if (ownOrderId(value) !== undefined) return [{ value }]

  const wrapper = WRAPPERS.find((name) => isFields(value[name]) || Array.isArray(value[name]))
  if (wrapper !== undefined && depth === 0) return findEntries(value[wrapper], depth + 1)

  const entries = Object.entries(value)
  if (depth > 0 && entries.length === 0) return []
  return entries.some(([, inner]) => isFields(inner))
    ? entries.map(([key, inner]) => ({ key, value: inner }))
    : undefined
}

function toUpdate({ key, value }: Entry, readStatus: ReadStatus): StatusUpdate | undefined {
  if (!isFields(value)) return undefined
  // An id in the entry takes precedence over the key: PHP encodes a list with gaps as an object keyed by index.
  const providerOrderId = ownOrderId(value) ?? (key === undefined ? undefined : toOrderId(key))
  if (providerOrderId === undefined) return undefined

  const amounts = { remains: toInteger(value['remains']), startCount: toInteger(value['start_count']) }
  const { status } = value
  if (status === undefined && value['error'] !== undefined) {
    return { providerOrderId, status: 'unknown', ...amounts, problem: 'provider_error' }
  }
  const normalized = typeof status === 'string' ? readStatus(status) : 'unknown'
  if (normalized === 'unknown') return { providerOrderId, status: 'unknown', ...amounts, problem: 'unknown_status' }
  return { providerOrderId, status: normalized, ...amounts }
}

function ownOrderId(fields: Fields): string | undefined {
  return toOrderId(fields['order_id']) ?? toOrderId(fields['order']) ?? toOrderId(fields['id'])
}

/** JSON numbers arrive as their digits; `12345.0`, PHP's encoding of a float, is the id 12345. */
function toOrderId(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const id = value.trim().replace(/^(\d+)\.0+$/, '$1')
  return identifierSchema.safeParse(id).success ? id : undefined
}

/** An integer that a double represents exactly, or null. */
function toInteger(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\s*-?\d+(?:\.0+)?\s*$/.test(value)) return null
  const integer = Number(value)
  return Number.isSafeInteger(integer) ? integer : null
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
