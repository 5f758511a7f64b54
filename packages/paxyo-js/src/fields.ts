import type { OrderView } from '@paxyo/browser-client'
import type { Format } from '@paxyo/browser-client/format'
import { writeStatusClass } from './status-class.ts'

/** The content of a field: for people, and for the page's scripts and CSS (`data-value`). */
interface FieldValue {
  readonly text: string
  readonly value: string
  /** The provider has not reported it yet: what the page's server rendered stays. */
  readonly isUnknown?: boolean
}

/** The values of `data-field`. */
export const FIELDS: Readonly<Record<string, (order: OrderView, format: Format) => FieldValue>> = {
  'order-id': ({ orderId }) => plain(orderId),
  'provider-order-id': ({ providerOrderId }) => plain(providerOrderId),
  service: ({ service }) => plain(service),
  link: ({ link }) => plain(link),
  quantity: ({ quantity }, format) => count(quantity, format),
  remains: ({ remains }, format) => count(remains, format),
  delivered: (order, format) => ({ ...count(deliveredOf(order), format), isUnknown: !isDeliveredKnown(order) }),
  'start-count': ({ startCount }, format) => count(startCount, format),
  progress: (order, format) => {
    const percent = Math.floor((100 * deliveredOf(order)) / order.quantity)
    return { text: format.percent(percent), value: String(percent), isUnknown: !isDeliveredKnown(order) }
  },
  charge: ({ charge, currency }, format) => ({ text: format.money(charge, currency), value: charge }),
  refunded: ({ refunded, currency }, format) => ({ text: format.money(refunded, currency), value: refunded }),
  status: ({ status }, format) => ({ text: format.status(status), value: status }),
  'updated-at': ({ updatedAt }, format) => ({ text: format.time(updatedAt), value: updatedAt }),
}

const FIELD_NAMES: ReadonlySet<string> = new Set(Object.keys(FIELDS))

const plain = (text: string): FieldValue => ({ text, value: text })

/** A number that the provider has not reported yet is a dash. */
const count = (value: number | null, format: Format): FieldValue =>
  value === null ? { text: '–', value: '', isUnknown: true } : { text: format.count(value), value: String(value) }

const isDeliveredKnown = ({ status, remains }: OrderView): boolean => status === 'completed' || remains !== null

/** The delivered part, as far as it is known. Providers may report `remains` outside of 0 to `quantity`. */
function deliveredOf({ status, quantity, remains }: OrderView): number {
  if (status === 'completed') return quantity
  return remains === null ? 0 : Math.min(Math.max(quantity - remains, 0), quantity)
}

/** Writes an order into a row and its fields. */
export function writeOrder(
  row: Element,
  order: OrderView,
  format: Format,
  onUnknownField: (name: string) => void,
): void {
  setAttribute(row, 'data-status', order.status)
  writeStatusClass(row, order.status)
  for (const field of fieldsOf(row)) {
    const name = field.getAttribute('data-field')!
    const read = FIELD_NAMES.has(name) ? FIELDS[name] : undefined
    if (read === undefined) onUnknownField(name)
    else writeField(field, name, read(order, format))
    if (field !== row) writeStatusClass(field, order.status)
  }
}

/** @param balance as a decimal; undefined when only the text is known. */
export function writeBalance(element: Element, balance: string | undefined, text: string): void {
  if (balance === undefined) element.removeAttribute('data-value')
  else setAttribute(element, 'data-value', balance)
  setText(element, text)
}

/** A row's fields, without those of a row inside it. */
function fieldsOf(row: Element): Element[] {
  const inner = [...row.querySelectorAll('[data-field]')].filter((field) => field.closest('[data-order-id]') === row)
  return row.hasAttribute('data-field') ? [row, ...inner] : inner
}

/** Fields that this script has written: their content is that of the script, and not of the page's server. */
const written = new WeakSet<Element>()

function writeField(field: Element, name: string, { text, value, isUnknown = false }: FieldValue): void {
  if (isUnknown && !written.has(field) && hasContent(field)) return
  written.add(field)
  setAttribute(field, 'data-value', value)
  if (name === 'status') setAttribute(field, 'data-status', value)
  if (field instanceof HTMLProgressElement || field instanceof HTMLMeterElement) {
    field.max = 100
    field.value = Number(value)
  } else if (name === 'progress' && (field.hasAttribute('data-bar') || field.getAttribute('role') === 'progressbar')) {
    writeBar(field, value, text)
  } else if (field instanceof HTMLInputElement || field instanceof HTMLOutputElement) {
    field.value = text
  } else {
    if (field instanceof HTMLTimeElement) field.dateTime = value
    setText(field, text)
  }
}

const hasContent = (field: Element): boolean =>
  hasText(field) || ['value', 'aria-valuenow', 'style'].some((name) => field.hasAttribute(name))

const hasText = (element: Element): boolean => element.textContent.trim() !== ''

/**
 * Writes a progress bar of a CSS framework. `data-bar` names the style that is its length: `width`, or a variable such
 * as `--progress`. A style that is set by a script is allowed by every Content-Security-Policy.
 */
function writeBar(bar: Element, percent: string, text: string): void {
  if (bar.getAttribute('role') === 'progressbar') setAttribute(bar, 'aria-valuenow', percent)
  const property = bar.getAttribute('data-bar')
  if (property === null || !(bar instanceof HTMLElement || bar instanceof SVGElement)) return
  bar.style.setProperty(property || 'width', `${percent}%`)
  // A bar without text stays without.
  if (bar.childElementCount === 0 && hasText(bar)) setText(bar, text)
}

function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** Changes the text node in place: that is cheaper, and adds no node that a MutationObserver reports. */
export function setText(element: Element, text: string): void {
  if (element.textContent === text) return
  const { firstChild } = element
  if (firstChild instanceof Text && firstChild.nextSibling === null) firstChild.data = text
  else element.textContent = text
}
