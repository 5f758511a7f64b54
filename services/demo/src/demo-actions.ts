import type { OrderChange, ProviderOrder } from '@paxyo/provider-simulator'
import { untilAcknowledged } from './demo-provider.ts'
import { isPlaced, type PlacedOrder } from './demo-panel.ts'
import { countDemoOrders, makeDemoOrder, type DemoDeps } from './demo.ts'
import type { DemoAction, DemoActions } from './page-server/action-routes.ts'

/** A burst changes the open orders, and creates some if there are too few. */
const BURST_ORDERS_MIN = 5
const BURST_ORDERS_MAX = 100

/** How many steps deliver an order. */
const STEPS = 5
const PARTIAL_REMAINS_PART = 0.3
const START_COUNT_MAX = 5000

/** Runs the actions of the page's buttons at the simulated provider, which sends the webhooks. */
export function createDemoActions(deps: DemoDeps): DemoActions {
  const { panel, provider } = deps
  let made = Promise.resolve()

  /** One at a time: each order takes the next number. */
  function newOrder(): Promise<void> {
    const next = made.then(async () => void (await makeDemoOrder(deps, await countDemoOrders(panel))))
    made = next.catch(() => undefined)
    return next
  }

  /**
   * Sets the provider's order to the panel's state: the provider keeps its orders in memory only, and does not know
   * webhooks that were sent manually.
   */
  const restore = ({ providerOrderId, quantity, status, remains, startCount }: PlacedOrder): ProviderOrder =>
    provider.restore({ orderId: providerOrderId, quantity, status, remains: remains ?? quantity, startCount })

  const restoreNewestOpen = async (): Promise<ProviderOrder[]> =>
    (await panel.openOrders()).slice(-BURST_ORDERS_MAX).map((order) => restore(order))

  return {
    newOrder,
    async act(action, orderId) {
      const known = await panel.order(orderId)
      if (known === undefined || !isPlaced(known)) throw new Error('there is no such order')
      const order = restore(known)
      provider.change(order.orderId, nextChange(order, action))
      await untilAcknowledged(provider)
    },
    async burst(count) {
      let open = await restoreNewestOpen()
      for (let missing = BURST_ORDERS_MIN - open.length; missing > 0; missing -= 1) await newOrder()
      if (open.length < BURST_ORDERS_MIN) open = await restoreNewestOpen()
      provider.burst(
        count,
        open.map(({ orderId }) => orderId),
      )
      await untilAcknowledged(provider)
    },
  }
}

/** The change for a button, also for an order that has ended: providers contradict themselves, too. */
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
