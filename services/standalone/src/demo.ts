import { OPEN_STATUSES } from '@paxyo/contracts'
import { createKysely } from '@paxyo/database'
import type { Pool } from 'pg'
import { DEMO_ORDERS } from './demo-orders.ts'

export const DEMO_USER = 'demo'

/** How the demo reaches the system: over the same routes that a panel and the provider use. */
export interface DemoRoutes {
  /** @throws Error when it was not taken. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<void>
}

export interface DemoOptions {
  readonly routes: DemoRoutes
  readonly pool: Pool
  readonly apiKey: string
  readonly webhookToken: string
}

const FIRST_PROVIDER_ORDER_ID = 12_345

/**
 * Sees to it that the demo user has orders.
 *
 * @returns the provider order id of the oldest that is still open, for the first webhook to cancel.
 */
export async function prepareDemo(options: DemoOptions): Promise<string> {
  const demoOrders = createKysely(options.pool).selectFrom('orders').where('user_id', '=', DEMO_USER)
  const open = await demoOrders
    .select('provider_order_id')
    .where('status', 'in', OPEN_STATUSES)
    .orderBy('created_at')
    .orderBy('provider_order_id')
    .executeTakeFirst()
  if (open !== undefined) return open.provider_order_id

  const count = await countDemoOrders(options.pool)
  if (count > 0) return makeDemoOrder(options, count)
  for (let index = 0; index < DEMO_ORDERS.length; index += 1) {
    const providerOrderId = await makeDemoOrder(options, index)
    for (const update of DEMO_ORDERS[index]!.updates)
      await sendWebhook(options, { order_id: providerOrderId, ...update })
  }
  return String(FIRST_PROVIDER_ORDER_ID)
}

export async function countDemoOrders(pool: Pool): Promise<number> {
  const { count } = await createKysely(pool)
    .selectFrom('orders')
    .where('user_id', '=', DEMO_USER)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}

/**
 * Registers the order of an index, as a panel does that has just passed it on.
 *
 * @returns the provider's id of it.
 */
export async function makeDemoOrder({ routes, apiKey }: DemoOptions, index: number): Promise<string> {
  const providerOrderId = String(FIRST_PROVIDER_ORDER_ID + index)
  const { service, link, quantity, charge } = DEMO_ORDERS[index % DEMO_ORDERS.length]!
  const order = { orderId: `demo-${index + 1}`, providerOrderId, userId: DEMO_USER, currency: 'USD' }
  await routes.post('/v1/orders', { ...order, service, link, quantity, charge }, { authorization: `Bearer ${apiKey}` })
  return providerOrderId
}

/** Calls the webhook as the provider does: with one update, or several. */
export function sendWebhook({ routes, webhookToken }: DemoOptions, body: unknown): Promise<void> {
  return routes.post(`/webhooks/godofpanel/${webhookToken}`, body)
}
