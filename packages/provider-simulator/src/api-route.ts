import type { FastifyInstance, FastifyReply } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NewOrder, ProviderOrder } from './order-store.ts'
import { PROVIDER_CURRENCY, PROVIDER_RATE, providerCost, spellingsOf } from './provider-words.ts'
import { SimulatorError } from './simulator-error.ts'

export interface ApiDeps {
  readonly apiKey: string
  readonly find: (orderId: string) => ProviderOrder | undefined
  readonly add: (order: NewOrder) => ProviderOrder
  /** The API's current fault. */
  readonly fault: () => ApiFault | undefined
  /** Aborted when the simulator closes. */
  readonly closing: AbortSignal
  /** Called for every request with a valid key. */
  readonly onRequest: (action: string) => void
}

/** A fault of the API. It applies to every request until it is changed. */
export type ApiFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS?: number }
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Never responds. */
  | { readonly kind: 'hang' }
  /** Closes the connection without a response. */
  | { readonly kind: 'reset' }
  /** Responds with an HTML page instead of JSON, as a proxy in front of it might. */
  | { readonly kind: 'malformed' }
  /** Responds with a body that exceeds every limit. */
  | { readonly kind: 'huge' }
  /** Has no order that a request names. */
  | { readonly kind: 'forget' }

type Form = Readonly<Record<string, string | undefined>>

export const API_PATH = '/api/v2'
const STATUS_ORDERS_MAX = 100
const HUGE_BYTES = 8 * 1_048_576

const LIMITS = { min: '10', max: '1000000', refill: true, cancel: true }
const SERVICES = [
  { service: 1, name: 'Followers', type: 'Default', category: 'First', rate: String(PROVIDER_RATE), ...LIMITS },
  { service: 2, name: 'Comments', type: 'Custom Comments', category: 'Second', rate: '8', ...LIMITS },
]

/**
 * The API v2: requests are forms with `key` and `action`, and every response is a 200, errors included. Numbers are
 * sent as text, except the id of a new order.
 */
export function registerApiRoute(app: FastifyInstance, deps: ApiDeps): void {
  app.post<{ Body: Form | null }>(API_PATH, async (request, reply) => {
    const fault = deps.fault()
    if (fault !== undefined && (await applyFault(fault, reply, deps.closing))) return reply
    const form = request.body ?? {}
    if (form['key'] !== deps.apiKey) return reply.send({ error: 'Invalid API key' })
    deps.onRequest(form['action'] ?? '')
    return reply.send(respond(form, fault?.kind === 'forget' ? { ...deps, find: () => undefined } : deps))
  })
}

/** @returns whether the fault has handled the request. */
async function applyFault(fault: ApiFault, reply: FastifyReply, closing: AbortSignal): Promise<boolean> {
  switch (fault.kind) {
    case 'status':
      if (fault.retryAfterS !== undefined) void reply.header('retry-after', fault.retryAfterS)
      void reply.code(fault.status).send({ error: 'Please retry later' })
      return true
    case 'delay':
      await sleep(fault.delayMs, undefined, { signal: closing }).catch(() => undefined)
      return false
    case 'hang':
      reply.hijack()
      return true
    case 'reset':
      reply.hijack()
      reply.raw.destroy()
      return true
    case 'malformed':
      void reply.type('text/html').send('<html><body>One moment, please …</body></html>')
      return true
    case 'huge':
      void reply.send({ error: 'x'.repeat(HUGE_BYTES) })
      return true
    case 'forget':
      return false
  }
}

function respond(form: Form, { find, add }: Pick<ApiDeps, 'find' | 'add'>): unknown {
  switch (form['action']) {
    case 'services':
      return SERVICES
    case 'balance':
      return { balance: '100.84292', currency: PROVIDER_CURRENCY }
    case 'status': {
      if (form['orders'] === undefined) return statusOf(find(form['order']?.trim() ?? ''))
      const orderIds = form['orders'].split(',').map((orderId) => orderId.trim())
      if (orderIds.length > STATUS_ORDERS_MAX) return { error: `No more than ${STATUS_ORDERS_MAX} orders` }
      return Object.fromEntries(orderIds.map((orderId) => [orderId, statusOf(find(orderId))]))
    }
    case 'add':
      return addOrder(form, add)
    default:
      return { error: 'Incorrect request' }
  }
}

function statusOf(order: ProviderOrder | undefined): unknown {
  if (order === undefined) return { error: 'Incorrect order ID' }
  return {
    charge: providerCost(order),
    start_count: order.startCount === null ? null : String(order.startCount),
    status: spellingsOf(order.status)[0],
    remains: String(order.remains),
    currency: PROVIDER_CURRENCY,
  }
}

function addOrder({ service, link, quantity }: Form, add: ApiDeps['add']): unknown {
  if (!SERVICES.some((known) => String(known.service) === service)) return { error: 'Incorrect service ID' }
  if (link === undefined || link === '') return { error: 'Link is required' }
  if (quantity === undefined || !/^\d{1,7}$/.test(quantity)) return { error: 'Incorrect quantity' }
  try {
    return { order: Number(add({ service: service!, link, quantity: Number(quantity) }).orderId) }
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error
    return { error: error.message }
  }
}
