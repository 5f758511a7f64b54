import { OPEN_STATUSES } from '@paxyo/contracts'
import { createKysely } from '@paxyo/database'
import type { Simulator } from '@paxyo/godofpanel/simulator'
import type { Pool } from 'pg'
import { DEMO_ORDERS } from './demo-orders.ts'
import { untilTaken } from './demo-provider.ts'

export const DEMO_USER = 'demo'

/** How the demo reaches the system: over the same routes that a panel uses. */
export interface DemoRoutes {
  /** @throws Error when it was not taken. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<void>
}

export interface DemoOptions {
  readonly routes: DemoRoutes
  readonly pool: Pool
  readonly apiKey: string
  /** Has the demo's orders, and calls the webhook about them. */
  readonly provider: Simulator
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
    for (const change of DEMO_ORDERS[index]!.history) {
      options.provider.change(providerOrderId, change)
      await untilTaken(options.provider)
    }
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
 * Makes the order of an index at the provider and registers it, as a panel does that has just passed it on.
 *
 * @returns the provider's id of it.
 */
export async function makeDemoOrder({ routes, apiKey, provider }: DemoOptions, index: number): Promise<string> {
  const providerOrderId = String(FIRST_PROVIDER_ORDER_ID + index)
  const { service, link, quantity, charge } = DEMO_ORDERS[index % DEMO_ORDERS.length]!
  provider.restore({ orderId: providerOrderId, link, quantity })
  const order = { orderId: `demo-${index + 1}`, providerOrderId, userId: DEMO_USER, currency: 'USD' }
  await routes.post('/v1/orders', { ...order, service, link, quantity, charge }, { authorization: `Bearer ${apiKey}` })
  return providerOrderId
}
