import { identifierSchema } from '@paxyo/contracts'

export type Fields = Readonly<Record<string, unknown>>

/** The value of a field that occurs several times, under equivalent names, with different values. */
export const AMBIGUOUS = Symbol('ambiguous')

/** The fields of an object that describe an order; undefined when missing. */
export interface UpdateFields {
  /** From a field that can only be an order's id. */
  readonly orderId: string | typeof AMBIGUOUS | undefined
  /** From `id`, which may be the id of the message around the order. */
  readonly id: string | typeof AMBIGUOUS | undefined
  /** From a field that can only be an order's status. */
  readonly orderStatus: unknown
  /** From `status`, which may say whether a request succeeded. */
  readonly status: unknown
  readonly remains: unknown
  readonly startCount: unknown
  readonly error: unknown
}

type FieldName = keyof UpdateFields

/** The field names that providers use, as `normalizeName` returns them. */
const NAMES: Readonly<Record<string, FieldName>> = {
  orderid: 'orderId',
  order: 'orderId',
  id: 'id',
  orderstatus: 'orderStatus',
  status: 'status',
  remains: 'remains',
  remain: 'remains',
  remaining: 'remains',
  startcount: 'startCount',
  startcounter: 'startCount',
  error: 'error',
}

/** Case, spaces, `_` and `-` make no difference in field names and status words. */
export const normalizeName = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '')

function fieldOf(name: string): FieldName | undefined {
  const normalized = normalizeName(name)
  return Object.hasOwn(NAMES, normalized) ? NAMES[normalized] : undefined
}

export const isFieldName = (name: string): boolean => fieldOf(name) !== undefined

/** Reads the fields of an update, whatever their spelling. Other names are ignored. */
export function readUpdateFields(fields: Fields): UpdateFields {
  const found: Partial<Record<FieldName, unknown>> = {}
  for (const [name, value] of Object.entries(fields)) {
    const field = fieldOf(name)
    if (field === undefined) continue
    const read = field === 'orderId' || field === 'id' ? toOrderId(value) : value
    if (read === undefined || read === null) continue
    found[field] = found[field] === undefined || isSame(found[field], read) ? read : AMBIGUOUS
  }
  return found as UpdateFields
}

const STATE_FIELDS: ReadonlySet<FieldName | undefined> = new Set(['orderStatus', 'status', 'remains', 'error'])

/** Whether an object describes the state of an order. */
export const describesOrder = (fields: Fields): boolean =>
  Object.entries(fields).some(([name, value]) => value !== null && STATE_FIELDS.has(fieldOf(name)))

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** JSON numbers arrive as their digits; `12345.0`, which PHP writes for a float, is the id 12345. */
export function toOrderId(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const id = value.trim().replace(/^(\d+)\.0+$/, '$1')
  return identifierSchema.safeParse(id).success ? id : undefined
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
