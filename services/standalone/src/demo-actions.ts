import { OPEN_STATUSES, type OrderStatus } from '@paxyo/contracts'
import { createKysely } from '@paxyo/database'
import type { DemoAction, DemoActions } from '@paxyo/demo-panel'
import type { OrderChange, ProviderOrder } from '@paxyo/godofpanel/simulator'
import { untilTaken } from './demo-provider.ts'
import { countDemoOrders, DEMO_USER, makeDemoOrder, type DemoOptions } from './demo.ts'

/** A burst goes round the open orders, and makes some when there are too few to look like one. */
const BURST_ORDERS_MIN = 5
const BURST_ORDERS_MAX = 100

/** How many steps deliver an order. */
const STEPS = 5
const PARTIAL_REMAINS_PART = 0.3
const START_COUNT_MAX = 5000

/** Lets the simulated provider do what the page's buttons say; its webhooks do the rest. */
export function createDemoActions(options: DemoOptions): DemoActions {
  const { pool, provider } = options
  const orders = createKysely(pool)
    .selectFrom('orders')
    .where('user_id', '=', DEMO_USER)
    .select(['provider_order_id as orderId', 'quantity', 'status', 'remains', 'start_count as startCount'])
  let made = Promise.resolve()

  /** One after the other: each takes the next number. */
  function newOrder(): Promise<void> {
    const next = made.then(async () => void (await makeDemoOrder(options, await countDemoOrders(pool))))
    made = next.catch(() => undefined)
    return next
  }

  /**
   * Brings the provider up to date: it has forgotten everything since the last start, and a webhook that somebody sent
   * by hand was none of its own.
   */
  async function restore(query: typeof orders): Promise<ProviderOrder[]> {
    const rows = await query.limit(BURST_ORDERS_MAX).execute()
    return rows.map((row) => {
      const { orderId, quantity, remains, startCount } = row
      return provider.restore({
        orderId,
        quantity,
        status: row.status as OrderStatus,
        remains: remains ?? quantity,
        startCount,
      })
    })
  }

  return {
    newOrder,
    async act(action, orderId) {
      const [order] = await restore(orders.where('order_id', '=', orderId))
      if (order === undefined) throw new Error('there is no such order')
      provider.change(order.orderId, nextChange(order, action))
      await untilTaken(provider)
    },
    async burst(count) {
      const newestOpen = orders
        .where('status', 'in', OPEN_STATUSES)
        .orderBy('created_at', 'desc')
        .orderBy('orders.order_id')
      let open = await restore(newestOpen)
      for (let missing = BURST_ORDERS_MIN - open.length; missing > 0; missing -= 1) await newOrder()
      if (open.length < BURST_ORDERS_MIN) open = await restore(newestOpen)
      provider.burst(
        count,
        open.map(({ orderId }) => orderId),
      )
      await untilTaken(provider)
    },
  }
}

/** What a button means, also for an order that has ended: providers do contradict themselves. */
function nextChange({ orderId, quantity, remains, startCount }: ProviderOrder, action: DemoAction): OrderChange {
  switch (action) {
    case 'progress': {
      if (remains === 0) return { status: 'completed' }
      const start = startCount ?? Number(orderId) % START_COUNT_MAX
      return { status: 'in_progress', startCount: start, remains: Math.max(0, remains - Math.ceil(quantity / STEPS)) }
    }
    case 'complete':
      return { status: 'completed', remains: 0 }
    case 'partial':
      return { status: 'partial', remains: Math.min(remains, Math.ceil(quantity * PARTIAL_REMAINS_PART)) }
    case 'cancel':
      return { status: 'canceled' }
  }
}
