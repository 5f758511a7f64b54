import { looksLikeJson, parseJson } from './parse-body.ts'
import {
  describesOrder,
  isFieldName,
  isFields,
  normalizeName,
  readUpdateFields,
  type Fields,
  type UpdateFields,
} from './update-fields.ts'

/** A candidate for an update. */
export interface Entry {
  /** The entry's key, if it was in an object of several entries. */
  readonly key?: string
  readonly value: unknown
  /** The message around the entry, if it may describe the same order. */
  readonly envelope?: Fields
  /** Further messages around the entry, from the inside out. */
  readonly around?: readonly Fields[]
}

/** Fields that contain the updates of a message. */
const WRAPPERS = new Set(['orders', 'order', 'data', 'payload', 'body', 'result'])
/** `{payload: {data: {order: {…}}}}` */
const WRAPPERS_DEPTH_MAX = 3

/** Finds the entries that are updates; `undefined` when there is nothing that could be one. */
export function findEntries(value: unknown, depth = 0): Entry[] | undefined {
  const unwrapped = readJsonText(value)
  if (Array.isArray(unwrapped)) return unwrapped.map((item: unknown) => ({ value: item }))
  if (!isFields(unwrapped)) return undefined

  const wrapped = depth < WRAPPERS_DEPTH_MAX ? wrappedValue(unwrapped) : undefined
  if (wrapped !== undefined) return findWrapped(unwrapped, wrapped, depth)
  if (hasId(readUpdateFields(unwrapped))) return [{ value: unwrapped }]
  return depth > 0 && Object.keys(unwrapped).length === 0 ? [] : entriesById(unwrapped)
}

/** The content of a wrapper. In an object of several orders, an order id may equal a wrapper's name. */
function wrappedValue(fields: Fields): unknown {
  const objects = Object.entries(fields).flatMap(([name, value]) => {
    const read = readJsonText(value)
    return typeof read === 'object' && read !== null ? [{ name, read }] : []
  })
  const wrapper = objects.find(({ name }) => WRAPPERS.has(normalizeName(name)))
  const others = objects.filter((other) => other !== wrapper && isFields(other.read) && describesOrder(other.read))
  return others.length > 0 ? undefined : wrapper?.read
}

function findWrapped(envelope: Fields, wrapped: unknown, depth: number): Entry[] | undefined {
  const outer = readUpdateFields(envelope)
  if (isFields(wrapped) && wrappedValue(wrapped) === undefined) {
    const inner = readUpdateFields(wrapped)
    if (hasId(inner) || (hasId(outer) && describesOrder(wrapped))) return [{ value: wrapped, envelope }]
  }
  const entries = findEntries(wrapped, depth + 1)
  // `{order_id, status, data: []}`: the wrapper contains something else.
  const isEmpty = entries === undefined || entries.length === 0
  return isEmpty && outer.orderId !== undefined
    ? [{ value: envelope }]
    : entries?.map((entry) => within(entry, envelope))
}

const within = ({ around = [], ...entry }: Entry, message: Fields): Entry =>
  Object.assign(entry, { around: around.concat(message) })

/** The messages inside an entry's value that may describe the same order. */
export function messagesInside(value: Fields, depth = 0): Fields[] {
  if (depth === WRAPPERS_DEPTH_MAX) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const inner = WRAPPERS.has(normalizeName(name)) ? readJsonText(member) : undefined
    return isFields(inner) ? [inner].concat(messagesInside(inner, depth + 1)) : []
  })
}

/** `{"95001": {…}, "95002": "Incorrect order ID", "status": "success"}`: other members belong to the message. */
function entriesById(fields: Fields): Entry[] | undefined {
  const objects = Object.entries(fields).filter(([key, value]) => isFields(value) && mayBeEntry(key, value))
  if (objects.length === 0) return undefined
  const orderIds = new Set(objects.flatMap(([key, value]) => (describesOrder(value as Fields) ? key : [])))
  const entries = orderIds.size === 0 ? objects : Object.entries(fields)
  return entries
    .filter(([key]) => orderIds.size === 0 || orderIds.has(key) || isNumber(key))
    .map(([key, value]) => ({ key, value, around: [fields] }))
}

/** The name of a field is no order id: PHP sends `order_id[]=1` as an object in `order_id`. */
const mayBeEntry = (key: string, value: Fields): boolean => !isFieldName(key) || hasId(readUpdateFields(value))

/** Whether there is an id, even a contradicting one. */
export const hasId = ({ orderId, id }: UpdateFields): boolean => orderId !== undefined || id !== undefined

const isNumber = (key: string): boolean => /^\d{1,128}$/.test(key)

/** Some senders put JSON into a text: `data={"order":…}`, or a whole body that was encoded twice. */
function readJsonText(value: unknown): unknown {
  if (typeof value !== 'string' || !looksLikeJson(value)) return value
  const parsed = parseJson(value)
  return 'error' in parsed ? value : parsed.value
}
