import { OPEN_STATUSES } from '@paxyo/contracts'
import { createKysely } from '@paxyo/database'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Pool } from 'pg'

export const DEMO_USER = 'demo'

export interface DemoOptions {
  readonly app: FastifyInstance
  readonly pool: Pool
  readonly apiKey: string
  readonly webhookToken: string
}

const SERVICES = [
  { service: 'Instagram followers', link: 'https://instagram.com/paxyo.demo', quantity: 1000, charge: '2.5' },
  { service: 'YouTube views', link: 'https://youtube.com/watch?v=paxyo-demo', quantity: 5000, charge: '7.2' },
  { service: 'TikTok likes', link: 'https://tiktok.com/@paxyo.demo', quantity: 500, charge: '0.85' },
  { service: 'Telegram members', link: 'https://t.me/paxyo_demo', quantity: 2000, charge: '4.1' },
]

const FIRST_PROVIDER_ORDER_ID = 12_345

/** What has happened to the first orders when the demo begins; the first of them is still to be played with. */
const HISTORY = [
  [],
  [{ status: 'In progress', remains: '1800', start_count: '3572' }],
  [{ status: 'Completed', remains: '0', start_count: '120' }],
  [{ status: 'Partial', remains: '600', start_count: '88' }],
]

/**
 * Sees to it that the demo user has orders, over the same routes that a panel and the provider use.
 *
 * @returns the provider order id of one that is still open, for the first webhook to cancel.
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

  const { count } = await demoOrders.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  const made = count === 0 ? SERVICES.length : 1
  for (let index = count; index < count + made; index += 1) await makeOrder(options, index)
  return String(FIRST_PROVIDER_ORDER_ID + count)
}

async function makeOrder({ app, apiKey, webhookToken }: DemoOptions, index: number): Promise<void> {
  const providerOrderId = String(FIRST_PROVIDER_ORDER_ID + index)
  const details = SERVICES[index % SERVICES.length]!
  succeed(
    await app.inject({
      method: 'POST',
      url: '/v1/orders',
      headers: { authorization: `Bearer ${apiKey}` },
      payload: { orderId: `demo-${index + 1}`, providerOrderId, userId: DEMO_USER, currency: 'USD', ...details },
    }),
  )
  for (const update of HISTORY[index] ?? []) {
    const url = `/webhooks/godofpanel/${webhookToken}`
    succeed(await app.inject({ method: 'POST', url, payload: { order_id: providerOrderId, ...update } }))
  }
}

function succeed(response: LightMyRequestResponse): void {
  if (response.statusCode >= 300) throw new Error(`the demo could not be prepared: ${response.body}`)
}
