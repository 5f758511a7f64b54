import type { Simulator } from '@paxyo/provider-simulator'
import { DEMO_HISTORIES } from './demo-orders.ts'
import { untilAcknowledged } from './demo-provider.ts'
import type { DemoPanel } from './demo-panel.ts'

export const DEMO_USER = 'demo'

export interface DemoDeps {
  /** The panel of the demo user. */
  readonly panel: DemoPanel
  /** Has the demo's orders, and calls the webhook about them. */
  readonly provider: Simulator
}

const ORDER_ID_PREFIX = 'demo-'
/** One of this many newest orders has the highest number, even if the clock was changed. */
const NEWEST_ORDERS = 10
const FIRST_PROVIDER_ORDER_ID = 12_345

/**
 * Creates the demo user's orders if there are none.
 *
 * @returns the provider order id of the oldest that is still open, for the first webhook to cancel.
 */
export async function prepareDemo(deps: DemoDeps): Promise<string> {
  const [open] = await deps.panel.openOrders()
  if (open !== undefined) return open.providerOrderId

  const count = await countDemoOrders(deps.panel)
  if (count > 0) return makeDemoOrder(deps, count)
  for (const [index, { history }] of DEMO_HISTORIES.entries()) {
    const providerOrderId = await makeDemoOrder(deps, index)
    for (const change of history) {
      deps.provider.change(providerOrderId, change)
      await untilAcknowledged(deps.provider)
    }
  }
  return String(FIRST_PROVIDER_ORDER_ID)
}

/** @returns the number of the newest: the user may have other orders, too. */
export async function countDemoOrders(panel: DemoPanel): Promise<number> {
  const numbers: number[] = []
  for await (const { orderId } of panel.orders()) {
    const number = orderId.startsWith(ORDER_ID_PREFIX) ? Number(orderId.slice(ORDER_ID_PREFIX.length)) : Number.NaN
    if (Number.isSafeInteger(number)) numbers.push(number)
    if (numbers.length === NEWEST_ORDERS) break
  }
  return Math.max(0, ...numbers)
}

/**
 * Creates the order of an index at the provider and registers it, as a panel does after placing an order.
 *
 * @returns its provider order id.
 */
export async function makeDemoOrder({ panel, provider }: DemoDeps, index: number): Promise<string> {
  const providerOrderId = String(FIRST_PROVIDER_ORDER_ID + index)
  const { service, link, quantity, charge } = DEMO_HISTORIES[index % DEMO_HISTORIES.length]!
  provider.restore({ orderId: providerOrderId, link, quantity })
  await panel.register({
    orderId: `${ORDER_ID_PREFIX}${index + 1}`,
    providerOrderId,
    service,
    link,
    quantity,
    charge,
  })
  return providerOrderId
}
