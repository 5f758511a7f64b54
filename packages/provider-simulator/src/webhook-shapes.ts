import qs from 'qs'
import type { ProviderOrder } from './order-store.ts'
import { PROVIDER_CURRENCY, providerCost, spellingsOf } from './provider-words.ts'

/** The format of a webhook's body. */
export interface WebhookShape {
  readonly encoding: 'json' | 'form'
  /** One update, a list, a map by order id, or a map or one update in a wrapper. */
  readonly layout: 'one' | 'list' | 'by_id' | 'orders_by_id' | 'order'
  /** The field of the order id; a map does not need one. */
  readonly idField?: 'order_id' | 'order' | 'id'
  readonly numbers: 'text' | 'number'
  /** Fields in addition to id and status: all; those that a refund needs; those of the setup guide. */
  readonly fields: 'all' | 'amounts' | 'few'
}

/** Every shape that providers of this family are known to send. */
export const WEBHOOK_SHAPES = {
  few: { encoding: 'json', layout: 'one', idField: 'order_id', numbers: 'text', fields: 'few' },
  text: { encoding: 'json', layout: 'one', idField: 'order_id', numbers: 'text', fields: 'amounts' },
  numbers: { encoding: 'json', layout: 'one', idField: 'order_id', numbers: 'number', fields: 'amounts' },
  costs: { encoding: 'json', layout: 'one', idField: 'order', numbers: 'text', fields: 'all' },
  order: { encoding: 'json', layout: 'order', idField: 'id', numbers: 'number', fields: 'all' },
  list: { encoding: 'json', layout: 'list', idField: 'order_id', numbers: 'text', fields: 'amounts' },
  by_id: { encoding: 'json', layout: 'by_id', numbers: 'text', fields: 'all' },
  by_id_twice: { encoding: 'json', layout: 'by_id', idField: 'order', numbers: 'number', fields: 'all' },
  orders: { encoding: 'json', layout: 'orders_by_id', numbers: 'text', fields: 'amounts' },
  form: { encoding: 'form', layout: 'one', idField: 'id', numbers: 'text', fields: 'amounts' },
  form_list: { encoding: 'form', layout: 'list', idField: 'order', numbers: 'text', fields: 'all' },
  form_orders: { encoding: 'form', layout: 'orders_by_id', numbers: 'text', fields: 'amounts' },
} as const satisfies Record<string, WebhookShape>

export type WebhookShapeName = keyof typeof WEBHOOK_SHAPES
export const WEBHOOK_SHAPE_NAMES = Object.keys(WEBHOOK_SHAPES) as WebhookShapeName[]

export const isForMany = ({ layout }: WebhookShape): boolean => layout !== 'one' && layout !== 'order'

export interface WebhookBody {
  readonly contentType: string
  readonly body: string
}

/**
 * Encodes a webhook about these orders: about one, or about several if the shape allows it.
 *
 * @param spelling selects one of a status's spellings; any integer.
 * @example
 * await using simulator = await startSimulator()
 * const sent = simulator.add({ orderId: '12345' })
 * writeWebhook(WEBHOOK_SHAPES.few, [sent]).body //=> '{"order_id":"12345","status":"Pending"}'
 */
export function writeWebhook(shape: WebhookShape, orders: readonly ProviderOrder[], spelling = 0): WebhookBody {
  const value = layOut(
    shape,
    orders.map((order) => [order.orderId, writeUpdate(shape, order, spelling)] as const),
  )
  return shape.encoding === 'json'
    ? { contentType: 'application/json', body: JSON.stringify(value) }
    : // A form has no null: PHP's http_build_query omits it.
      { contentType: 'application/x-www-form-urlencoded', body: qs.stringify(value, { skipNulls: true }) }
}

type Fields = Readonly<Record<string, unknown>>

function writeUpdate(shape: WebhookShape, order: ProviderOrder, spelling: number): Fields {
  const number = (text: string): unknown => (shape.numbers === 'number' ? rawJson(text) : text)
  const spellings = spellingsOf(order.status)
  const id = shape.idField === undefined ? {} : { [shape.idField]: number(order.orderId) }
  const status = { status: spellings[spelling % spellings.length] }
  const amounts = {
    start_count: order.startCount === null ? null : number(String(order.startCount)),
    remains: number(String(order.remains)),
  }
  if (shape.fields === 'few') return { ...id, ...status, ...(order.status === 'partial' ? amounts : {}) }
  if (shape.fields === 'amounts') return { ...id, ...status, ...amounts }
  return { ...id, charge: number(providerCost(order)), ...status, ...amounts, currency: PROVIDER_CURRENCY }
}

function layOut({ layout }: WebhookShape, updates: readonly (readonly [string, Fields])[]): unknown {
  const first = updates[0]?.[1]
  switch (layout) {
    case 'one':
      return first
    case 'order':
      return { event: 'order.updated', order: first }
    case 'list':
      return updates.map(([, update]) => update)
    case 'by_id':
      return Object.fromEntries(updates)
    case 'orders_by_id':
      return { orders: Object.fromEntries(updates) }
  }
}

// ECMAScript's JSON.rawJSON, which Node has and TypeScript's library does not describe yet: an id above 2⁵³ keeps every
// digit. Text ids stay text.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }
const rawJson = (text: string): unknown => (/^(0|[1-9]\d*)(\.\d+)?$/.test(text) ? rawJSON(text) : text)
