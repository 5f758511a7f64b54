import type { OrderStatus } from '@paxyo/contracts'
import type { ParseResult, StatusUpdate } from '@paxyo/order-core'
import { findEntries, messagesInside, type Entry } from './find-entries.ts'
import { parseBody } from './parse-body.ts'
import type { ReadStatus } from './status-words.ts'
import { AMBIGUOUS, isFields, normalizeName, readUpdateFields, toOrderId, type UpdateFields } from './update-fields.ts'

/** How many updates one request may contain. The provider's API returns at most 100 orders at once. */
export const UPDATES_MAX = 1000

/**
 * Parses the webhooks of GodOfPanel and similar providers: one update, an array of them, `{orders: …}`, `{id: {…}}`, or an
 * envelope whose `id` and `status` are its own, as JSON or as a form. Field names are case-insensitive.
 *
 * Where a body contradicts itself, the order id is missing or the update is `ambiguous_update`: nothing is guessed.
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
    body: alone ? text : bodyOf(entry),
  }))
  return updates.every(({ update }) => update === undefined) ? { error: 'order_id_missing' } : { updates }
}

/** One of several entries as a separate body, which is read as the same update. */
function bodyOf({ key, value, envelope, around = [] }: Entry): string {
  const entry = key === undefined ? (envelope ?? value) : { [key]: value }
  return JSON.stringify(
    around.reduce((body, message) => {
      const { orderId, orderStatus, status } = readUpdateFields(message)
      const isSilent = orderId === undefined && [orderStatus, status].every(isNoStatus)
      return isSilent ? body : { order_id: orderId, order_status: orderStatus, status, data: body }
    }, entry),
  )
}

/** Reads one entry; `undefined` when it has no order id, or contradicting ones. */
export function toUpdate(
  { key, value, envelope = {}, around = [] }: Entry,
  readStatus: ReadStatus,
): StatusUpdate | undefined {
  const inner = readUpdateFields(isFields(value) ? value : {})
  const outer = readUpdateFields(envelope)
  const providerOrderId = orderIdOf(inner, outer, key)
  if (providerOrderId === undefined) return undefined

  const known = {
    providerOrderId,
    remains: agreedInteger(inner.remains, outer.remains),
    startCount: agreedInteger(inner.startCount, outer.startCount),
  }
  if (!isFields(value)) return { ...known, status: 'unknown', problem: 'provider_error' }
  const { status, problem, word } = statusOf(inner, outer, readStatus)
  if (problem !== undefined) {
    return { ...known, status: 'unknown', problem, ...(word === undefined ? {} : { word }) }
  }
  const others = [...around, ...messagesInside(value)].map(readUpdateFields)
  const isContradicted = others.some(
    (other) =>
      (other.orderId !== undefined && other.orderId !== providerOrderId) ||
      [other.orderStatus, other.status].some((field) => !isAgreed(field, status, readStatus)),
  )
  return isContradicted ? { ...known, status: 'unknown', problem: 'ambiguous_update' } : { ...known, status }
}

/** Whether a status is missing, or says only that a request succeeded. */
const isNoStatus = (field: unknown): boolean => field === undefined || SUCCESS_FLAGS.has(lowerCase(field))

/** Whether a status elsewhere in the message is missing, a flag, or means the same. */
const isAgreed = (field: unknown, status: StatusUpdate['status'], readStatus: ReadStatus): boolean =>
  isNoStatus(field) || (typeof field === 'string' && readStatus(field) === status)

/**
 * An unambiguous field such as `order_id` takes precedence over `id`, and `id` over the entry's key: PHP encodes a list
 * with gaps as an object keyed by index.
 */
function orderIdOf(inner: UpdateFields, outer: UpdateFields, key: string | undefined): string | undefined {
  const certain = new Set([inner.orderId, outer.orderId].filter((id) => id !== undefined))
  // If the envelope has an order id, an `id` next to the status may be another order's.
  if (inner.orderId === undefined && outer.orderId !== undefined && inner.id !== undefined) certain.add(inner.id)
  if (certain.size > 1) return undefined
  const [certainId] = certain
  const id = certainId ?? inner.id ?? outer.id
  if (typeof id === 'symbol') return undefined
  return id ?? (key === undefined ? undefined : toOrderId(key))
}

/** A longer text, or one with characters that cannot be printed, is no status word. */
const WORD = /^[^\p{C}]{1,64}$/u

type StatusReading =
  | { readonly status: OrderStatus | 'ignored'; readonly problem?: undefined; readonly word?: undefined }
  | {
      readonly status: 'unknown'
      readonly problem: NonNullable<StatusUpdate['problem']>
      readonly word?: string | undefined
    }

const problem = (reason: NonNullable<StatusUpdate['problem']>, word?: string): StatusReading => ({
  status: 'unknown',
  problem: reason,
  word,
})

/** Values of `status` that report whether a request succeeded. */
const SUCCESS_FLAGS: ReadonlySet<unknown> = new Set([true, 'true', 'success', 'ok', '1', '200'])
const FAILURE_FLAGS: ReadonlySet<unknown> = new Set([false, 'false', 'error', 'fail', 'failed', 'failure', '0'])

const NO_ERROR: ReadonlySet<unknown> = new Set(['', '0', false])

const lowerCase = (value: unknown): unknown => (typeof value === 'string' ? value.trim().toLowerCase() : value)

/**
 * Separates the order's status from a flag of the request. `order_status`, or the `status` inside an envelope, is the
 * order's; another `status` is a flag or must have the same meaning.
 */
function statusOf(inner: UpdateFields, outer: UpdateFields, readStatus: ReadStatus): StatusReading {
  const fields = [inner.orderStatus, outer.orderStatus, inner.status, outer.status].filter(
    (field) => field !== undefined,
  )
  const error = inner.error ?? outer.error
  const isError = error !== undefined && !NO_ERROR.has(error)
  const [first, ...others] = fields
  if (first === undefined) return problem(error === undefined ? 'unknown_status' : 'provider_error')
  const hasFailed = fields.every((field) => field === false)
  if (hasFailed || (isError && fields.some((field) => FAILURE_FLAGS.has(lowerCase(field))))) {
    return problem('provider_error')
  }
  const statuses = [first, ...others.filter((field) => !SUCCESS_FLAGS.has(lowerCase(field)))]
  const meanings = new Set(
    statuses.map((field) =>
      typeof field === 'string' ? readStatus(field) : field === AMBIGUOUS ? AMBIGUOUS : 'unknown',
    ),
  )
  const [status] = meanings
  if (status === AMBIGUOUS || meanings.size !== 1) return problem('ambiguous_update')
  if (status !== undefined && status !== 'unknown') return { status: status as OrderStatus }
  return problem('unknown_status', unknownWord(statuses))
}

/** The word of fields that are in no map, as maps compare it; undefined when they differ or are no words. */
function unknownWord(fields: readonly unknown[]): string | undefined {
  const words = new Set(fields.map((field) => (typeof field === 'string' ? normalizeName(field) : undefined)))
  const [word] = words
  return words.size === 1 && word !== undefined && WORD.test(word) ? word : undefined
}

/** The integer of an entry and its envelope; null when they differ. */
function agreedInteger(inner: unknown, outer: unknown): number | null {
  const integer = toInteger(inner ?? outer)
  return outer === undefined || toInteger(outer) === integer ? integer : null
}

/** An integer that a double represents exactly, or null. */
function toInteger(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\s*-?\d+(?:\.0+)?\s*$/.test(value)) return null
  const integer = Number(value)
  return Number.isSafeInteger(integer) ? integer : null
}
