import { looksLikeJson, parseJson } from './parse-body.ts'
import { isFields, normalizeName, readUpdateFields, type Fields, type UpdateFields } from './update-fields.ts'

/** What may be an update. */
export interface Entry {
  /** The key under which the entry stood in an object of several. */
  readonly key?: string
  readonly value: unknown
  /** The message around the entry, when it says something about the same order. */
  readonly envelope?: Fields
}

/** Fields that hold the updates of a message. */
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

/** What stands in a wrapper. An object of several orders may have one whose id is a wrapper's name. */
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
  // `{order_id, status, data: []}` and its like: what is wrapped is something else.
  const isEmpty = entries === undefined || entries.length === 0
  return isEmpty && outer.orderId !== undefined ? [{ value: envelope }] : entries
}

/** `{"95001": {…}, "95002": "Incorrect order ID", "status": "success"}`: words beside the orders are the message's. */
function entriesById(fields: Fields): Entry[] | undefined {
  const all = Object.entries(fields)
  const orders = all.filter(([, value]) => isFields(value) && describesOrder(value))
  if (orders.length === 0) {
    const objects = all.filter(([, value]) => isFields(value))
    return objects.length === 0 ? undefined : objects.map(([key, value]) => ({ key, value }))
  }
  return all
    .filter(([key, value]) => (isFields(value) ? describesOrder(value) || isNumber(key) : isNumber(key)))
    .map(([key, value]) => ({ key, value }))
}

/** Whether an object says anything about an order's state. */
function describesOrder(fields: Fields): boolean {
  const { orderStatus, status, remains, error } = readUpdateFields(fields)
  return [orderStatus, status, remains, error].some((value) => value !== undefined)
}

const hasId = ({ orderId, id }: UpdateFields): boolean => orderId !== undefined || id !== undefined

const isNumber = (key: string): boolean => /^\d{1,128}$/.test(key)

/** Some senders put JSON into a text: `data={"order":…}`, or a whole body that was encoded twice. */
function readJsonText(value: unknown): unknown {
  if (typeof value !== 'string' || !looksLikeJson(value)) return value
  const parsed = parseJson(value)
  return 'error' in parsed ? value : parsed.value
}
