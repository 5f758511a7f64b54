import { parseSecret, signWebhook } from '@paxyo/standard-webhooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stack } from './stack.ts'

export const CHARGE = '2.5'
/** What the provider says of each order, one after the other; the last one gives everything back. */
const HISTORY = [
  { status: 'Processing' },
  { status: 'In progress', remains: '1000' },
  { status: 'In progress', remains: '500' },
  { status: 'Partial', remains: '300' },
  { status: 'Canceled' },
] as const
export const WEBHOOKS_PER_ORDER = HISTORY.length
/** One for the registration, and one for each of its webhooks: every one of them changes something. */
export const EVENTS_PER_ORDER = 1 + HISTORY.length
export const REFUNDS_PER_ORDER = 2

const REGISTRATIONS_AT_ONCE = 16
const TRIES_MAX = 200
const RETRY_DELAY_MS = 300

export interface TakenWebhook {
  /** By `performance.now()`. */
  readonly dueMs: number
  /** From then to its 200. */
  readonly latencyMs: number
}

export interface WebhookFigures {
  readonly webhooks: readonly TakenWebhook[]
  readonly retries: number
  readonly seconds: number
}

export async function registerOrders(stack: Stack, count: number, userOf: (order: number) => string): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const order = next
      next += 1
      await registerOrder(stack, String(order), userOf(order))
    }
  }
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_ONCE }, lane))
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
  if (status !== 201) throw new Error(`registering order ${order} was answered with ${status}: ${body}`)
}

/** Every order's history, in rounds and at a steady rate, whatever the answers are like; tried until answered with 200. */
export async function sendHistories(stack: Stack, orders: number, perSecond: number): Promise<WebhookFigures> {
  const webhooks: TakenWebhook[] = []
  let retries = 0
  const sending: Promise<void>[] = []
  const startedAt = performance.now()
  for (const [round, update] of HISTORY.entries()) {
    for (let order = 0; order < orders; order += 1) {
      const dueAt = startedAt + ((round * orders + order) * 1000) / perSecond
      const waitMs = dueAt - performance.now()
      if (waitMs > 1) await sleep(waitMs)
      const take = async (): Promise<void> => {
        const body = JSON.stringify({ order_id: String(order), ...update })
        retries += (await sendUntilTaken(stack, body, `${round}-${order}`)) - 1
        webhooks.push({ dueMs: dueAt, latencyMs: performance.now() - dueAt })
      }
      sending.push(take())
    }
  }
  await Promise.all(sending)
  return { webhooks, retries, seconds: (performance.now() - startedAt) / 1000 }
}

/** @returns how often it was sent. */
async function sendUntilTaken(stack: Stack, body: string, id: string): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const answer = await sendSigned(stack, body, id).catch(() => undefined)
    if (answer?.status === 200) return tries
    // What is refused is refused for ever; the rest is the outage that a provider's retries are for.
    if (answer !== undefined && answer.status < 500) throw new Error(`webhook ${id}: ${answer.status} ${answer.body}`)
    if (tries === TRIES_MAX) throw new Error(`webhook ${id} was not taken`)
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
