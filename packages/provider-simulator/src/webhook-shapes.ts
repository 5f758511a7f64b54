import { gzipSync } from 'node:zlib'
import qs from 'qs'
import type { ProviderOrder } from './order-store.ts'
import { PROVIDER_CURRENCY, providerCost, spellingsOf } from './provider-words.ts'

/** The format of a webhook. */
export interface WebhookShape {
  readonly encoding: 'json' | 'form' | 'multipart'
  /**
   * One update, a list, a map by order id, or a map or one update in a wrapper. `envelope` has its own id; in the
   * last three, `status` says whether a request succeeded, beside the order's or around it.
   */
  readonly layout:
    | 'one'
    | 'list'
    | 'by_id'
    | 'orders_by_id'
    | 'order'
    | 'envelope'
    | 'flag_beside'
    | 'flag_around'
    | 'flag_true'
  /** The field of the order id; a map does not need one. */
  readonly idField?: 'order_id' | 'order' | 'id'
  readonly numbers: 'text' | 'number'
  /** Fields in addition to id and status: all; those that a refund needs; those of the setup guide. */
  readonly fields: 'all' | 'amounts' | 'few'
  /** Other names of fields: `Remains`, or `remain`. */
  readonly names?: 'capital' | 'remain'
  /** Another Content-Type than that of the encoding; null sends none. */
  readonly contentType?: string | null
  readonly contentEncoding?: 'gzip'
  /** Whether the address ends with a slash. */
  readonly endsWithSlash?: true
}

const PLAIN = { encoding: 'json', layout: 'one', idField: 'order', numbers: 'text', fields: 'amounts' } as const

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
  labelled_text: { ...PLAIN, contentType: 'text/plain;charset=UTF-8' },
  labelled_form: { ...PLAIN, contentType: 'application/x-www-form-urlencoded' },
  mislabelled: { ...PLAIN, contentType: 'json' },
  unlabelled: { ...PLAIN, contentType: null },
  multipart: { ...PLAIN, encoding: 'multipart' },
  gzip: { ...PLAIN, contentEncoding: 'gzip' },
  slash: { ...PLAIN, endsWithSlash: true },
  envelope: { ...PLAIN, layout: 'envelope', idField: 'order_id', numbers: 'number' },
  flag_beside: { ...PLAIN, layout: 'flag_beside', idField: 'order_id', numbers: 'number' },
  flag_around: { ...PLAIN, layout: 'flag_around' },
  flag_true: { ...PLAIN, layout: 'flag_true', idField: 'id', numbers: 'number' },
  remain: { ...PLAIN, names: 'remain' },
  capital: { ...PLAIN, names: 'capital' },
} as const satisfies Record<string, WebhookShape>

export type WebhookShapeName = keyof typeof WEBHOOK_SHAPES
export const WEBHOOK_SHAPE_NAMES = Object.keys(WEBHOOK_SHAPES) as WebhookShapeName[]

const LAYOUTS_FOR_MANY: ReadonlySet<WebhookShape['layout']> = new Set(['list', 'by_id', 'orders_by_id'])
export const isForMany = ({ layout }: WebhookShape): boolean => LAYOUTS_FOR_MANY.has(layout)

/** A request, without its authentication. */
export interface WebhookBody {
  /** Undefined sends no such header. */
  readonly contentType: string | undefined
  /** `gzip` compresses the body when it is sent; others are only labels. */
  readonly contentEncoding?: string
  /** With `GET`, the body is the query string. */
  readonly method?: 'POST' | 'GET'
  readonly endsWithSlash?: boolean
  readonly body: string
}

/**
 * The bytes that are sent.
 *
 * @example
 * bytesOf({ contentType: 'text/plain', body: 'a' }).toString() //=> 'a'
 */
export const bytesOf = ({ contentEncoding, body }: WebhookBody): Buffer =>
  contentEncoding === 'gzip' ? gzipSync(body) : Buffer.from(body)

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
  const { contentType, body } = ENCODERS[shape.encoding](value)
  return {
    contentType: shape.contentType === undefined ? contentType : (shape.contentType ?? undefined),
    body,
    ...(shape.contentEncoding === undefined ? {} : { contentEncoding: shape.contentEncoding }),
    ...(shape.endsWithSlash === undefined ? {} : { endsWithSlash: shape.endsWithSlash }),
  }
}

const BOUNDARY = '----webhook'

const ENCODERS: Readonly<Record<WebhookShape['encoding'], (value: unknown) => { contentType: string; body: string }>> =
  {
    json: (value) => ({ contentType: 'application/json', body: JSON.stringify(value) }),
    // A form has no null: PHP's http_build_query omits it.
    form: (value) => ({
      contentType: 'application/x-www-form-urlencoded',
      body: qs.stringify(value, { skipNulls: true }),
    }),
    // As PHP's curl sends an array.
    multipart: (value) => ({
      contentType: `multipart/form-data; boundary=${BOUNDARY}`,
      body: `${Object.entries(value as Fields)
        .filter(([, field]) => field !== null)
        .map(
          ([name, field]) =>
            `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${String(field)}\r\n`,
        )
        .join('')}--${BOUNDARY}--\r\n`,
    }),
  }

type Fields = Readonly<Record<string, unknown>>

function writeUpdate(shape: WebhookShape, order: ProviderOrder, spelling: number): Fields {
  const fields = writeFields(shape, order, spelling)
  if (shape.names === undefined) return fields
  const rename = RENAME[shape.names]
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [rename(name), value]))
}

const RENAME: Readonly<Record<NonNullable<WebhookShape['names']>, (name: string) => string>> = {
  capital: (name) => name.replace(/^./, (first) => first.toUpperCase()),
  remain: (name) => (name === 'remains' ? 'remain' : name),
}

function writeFields(shape: WebhookShape, order: ProviderOrder, spelling: number): Fields {
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
  const [orderId, first = {}] = updates[0] ?? []
  switch (layout) {
    case 'one':
      return first
    case 'order':
      return { event: 'order.updated', order: first }
    case 'envelope':
      return { id: `evt_${orderId}`, event: 'order.updated', data: first }
    case 'flag_beside': {
      const { status, ...others } = first
      return { status: 'success', ...others, order_status: status }
    }
    case 'flag_around': {
      const { order, ...others } = first
      return { status: 'success', order, data: others }
    }
    case 'flag_true':
      return { status: true, data: first }
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
