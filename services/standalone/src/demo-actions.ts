import { OPEN_STATUSES } from '@paxyo/contracts'
import { createKysely } from '@paxyo/database'
import type { DemoAction, DemoActions } from '@paxyo/demo-panel'
import { countDemoOrders, DEMO_USER, makeDemoOrder, sendWebhook, type DemoOptions } from './demo.ts'

/** A burst goes round the open orders, and makes some when there are too few to look like one. */
const BURST_ORDERS_MIN = 5
/** How much of an order a step delivers. */
const STEPS = 5
const PARTIAL_REMAINS_PART = 0.3

interface OpenOrder {
  readonly provider_order_id: string
  readonly quantity: number
  readonly remains: number | null
  readonly start_count: number | null
}

/** Plays GodOfPanel for the page's buttons: it reads where an order stands and sends the webhook that comes next. */
export function createDemoActions(options: DemoOptions): DemoActions {
  const orders = createKysely(options.pool)
    .selectFrom('orders')
    .where('user_id', '=', DEMO_USER)
    .select(['provider_order_id', 'quantity', 'remains', 'start_count'])
  let made = Promise.resolve()

  /** One after the other: each takes the next number. */
  function newOrder(): Promise<void> {
    const next = made.then(async () => void (await makeDemoOrder(options, await countDemoOrders(options.pool))))
    made = next.catch(() => undefined)
    return next
  }

  const readOpen = (): Promise<OpenOrder[]> =>
    orders.where('status', 'in', OPEN_STATUSES).orderBy('created_at', 'desc').orderBy('order_id').limit(100).execute()

  return {
    newOrder,
    async act(action, orderId) {
      const order = await orders.where('order_id', '=', orderId).executeTakeFirst()
      if (order === undefined) throw new Error('there is no such order')
      await sendWebhook(options, nextUpdate(order, action))
    },
    async burst(count) {
      let open = await readOpen()
      for (let missing = BURST_ORDERS_MIN - open.length; missing > 0; missing -= 1) await newOrder()
      if (open.length < BURST_ORDERS_MIN) open = await readOpen()
      // Each order keeps something to deliver, so that every webhook of the burst changes one.
      const left = open.map(({ quantity, remains }) => remains ?? quantity)
      for (let sent = 0; sent < count; sent += 1) {
        const index = sent % open.length
        const order = open[index]!
        left[index] = left[index]! > 1 ? left[index]! - Math.ceil(left[index]! / 10) : order.quantity - 1
        await sendWebhook(options, inProgress(order, left[index]))
      }
    },
  }
}

function nextUpdate(order: OpenOrder, action: DemoAction): unknown {
  const id = { order_id: order.provider_order_id }
  const remains = order.remains ?? order.quantity
  switch (action) {
    case 'progress':
      if (remains > 0) return inProgress(order, Math.max(0, remains - Math.ceil(order.quantity / STEPS)))
      return { ...id, status: 'Completed' }
    case 'complete':
      return { ...id, status: 'Completed', remains: '0' }
    case 'partial': {
      const rest = Math.min(remains, Math.ceil(order.quantity * PARTIAL_REMAINS_PART))
      return { ...id, status: 'Partial', remains: String(rest) }
    }
    case 'cancel':
      return { ...id, status: 'Canceled' }
  }
}

function inProgress({ provider_order_id, start_count }: OpenOrder, remains: number): unknown {
  const start = String(start_count ?? Number(provider_order_id) % 5000)
  return { order_id: provider_order_id, status: 'In progress', start_count: start, remains: String(remains) }
}
