import { identifierSchema } from '@paxyo/contracts'

export type Fields = Readonly<Record<string, unknown>>

/** Stands where a field is there several times, under names that mean the same, with different values. */
export const AMBIGUOUS = Symbol('ambiguous')

/** What an object says about an order; undefined where it says nothing. */
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

/** The names that providers use, without regard to case, `_`, `-` and spaces. */
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
  error: 'error',
}

export const normalizeName = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '')

/** Reads the fields of an update, whatever their spelling. Names that are in no list are not read. */
export function readUpdateFields(fields: Fields): UpdateFields {
  const found: Partial<Record<FieldName, unknown>> = {}
  for (const [name, value] of Object.entries(fields)) {
    const normalized = normalizeName(name)
    const field = Object.hasOwn(NAMES, normalized) ? NAMES[normalized]! : undefined
    if (field === undefined) continue
    const read = field === 'orderId' || field === 'id' ? toOrderId(value) : value
    if (read === undefined || read === null) continue
    found[field] = found[field] === undefined || isSame(found[field], read) ? read : AMBIGUOUS
  }
  return found as UpdateFields
}

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
