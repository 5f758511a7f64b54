import { parseSecret, signWebhook } from '@paxyo/standard-webhooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stack } from './stack.ts'

export const CHARGE = '2.5'
/** The provider's updates of each order, in order; the last one refunds the rest. */
const HISTORY = [
  { status: 'Processing' },
  { status: 'In progress', remains: '1000' },
  { status: 'In progress', remains: '500' },
  { status: 'Partial', remains: '300' },
  { status: 'Canceled' },
] as const
export const WEBHOOKS_PER_ORDER = HISTORY.length
/** One for the registration, and one for each webhook, because each of them is a change. */
export const EVENTS_PER_ORDER = 1 + HISTORY.length
export const REFUNDS_PER_ORDER = 2

const REGISTRATIONS_AT_ONCE = 16
const ATTEMPTS_MAX = 200
const RETRY_DELAY_MS = 300

export interface AcknowledgedWebhook {
  /** By `performance.now()`. */
  readonly dueMs: number
  /** From then until its 200. */
  readonly latencyMs: number
}

export interface WebhookFigures {
  readonly webhooks: readonly AcknowledgedWebhook[]
  readonly retries: number
  readonly seconds: number
}

export async function registerOrders(stack: Stack, count: number, userOf: (order: number) => string): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const order = next
      next += 1
      await registerOrder(stack, String(order), userOf(order))
    }
  }
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_ONCE }, worker))
}

export async function registerOrder(stack: Stack, order: string, userId: string): Promise<void> {
  const { status, body } = await stack.request('/v1/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${stack.secret('panel-api-keys')}` },
    body: JSON.stringify({
      orderId: `A-${order}`,
      providerOrderId: order,
      userId,
      service: 'Instagram followers',
      link: 'https://instagram.com/somebody',
      quantity: 1000,
      charge: CHARGE,
      currency: 'USD',
    }),
  })
  if (status !== 201) throw new Error(`registering order ${order} got ${status}: ${body}`)
}

/**
 * Sends every order's updates in rounds, at a steady rate independent of the responses, but each after the 200 of the order's
 * update before it: one that is overtaken makes no event. Retries each until its 200.
 */
export async function sendHistories(stack: Stack, orders: number, perSecond: number): Promise<WebhookFigures> {
  const webhooks: AcknowledgedWebhook[] = []
  let retries = 0
  const sending: Promise<void>[] = Array.from({ length: orders }, () => Promise.resolve())
  const startedAt = performance.now()
  for (const [round, update] of HISTORY.entries()) {
    for (let order = 0; order < orders; order += 1) {
      const dueAt = startedAt + ((round * orders + order) * 1000) / perSecond
      const waitMs = dueAt - performance.now()
      if (waitMs > 1) await sleep(waitMs)
      const deliver = async (): Promise<void> => {
        const body = JSON.stringify({ order_id: String(order), ...update })
        retries += (await sendUntilAcknowledged(stack, body, `${round}-${order}`)) - 1
        webhooks.push({ dueMs: dueAt, latencyMs: performance.now() - dueAt })
      }
      sending[order] = sending[order]!.then(deliver)
    }
  }
  await Promise.all(sending)
  return { webhooks, retries, seconds: (performance.now() - startedAt) / 1000 }
}

/** @returns the number of attempts. */
async function sendUntilAcknowledged(stack: Stack, body: string, id: string): Promise<number> {
  for (let attempts = 1; ; attempts += 1) {
    const response = await sendSigned(stack, body, id).catch(() => undefined)
    if (response?.status === 200) return attempts
    // A rejected webhook is a bug. All other failures are outages, after which a provider retries.
    if (response !== undefined && response.status < 500)
      throw new Error(`webhook ${id}: ${response.status} ${response.body}`)
    if (attempts === ATTEMPTS_MAX) throw new Error(`webhook ${id} was not acknowledged`)
    await sleep(RETRY_DELAY_MS)
  }
}

export function sendSigned(stack: Stack, body: string, id: string) {
  const key = parseSecret(stack.secret('webhook-secrets'))!
  return stack.request('/webhooks/godofpanel', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...signWebhook({ id, body }, [key], Date.now()),
    },
    body,
  })
}
