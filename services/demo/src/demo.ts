import type { Simulator } from '@paxyo/provider-simulator'
import { DEMO_HISTORIES } from './demo-orders.ts'
import { untilAcknowledged } from './demo-provider.ts'
import type { DemoPanel, PlacedOrder } from './demo-panel.ts'

export const DEMO_USER = 'demo'

export interface DemoDeps {
  /** The panel of the demo user. */
  readonly panel: DemoPanel
  /** Has the demo's orders, and calls the webhook about them. */
  readonly provider: Simulator
}

const OPENING_BALANCE = '50'
const ORDER_ID_PREFIX = 'demo-'
/** One of this many newest orders has the highest number, even if the clock was changed. */
const NEWEST_ORDERS = 10
const FIRST_PROVIDER_ORDER_ID = 12_345

/** After a restart there are at least so many. */
const OPEN_ORDERS_MIN = 4

/**
 * Creates the demo user's orders if there are none, and some if few are open.
 *
 * @returns the newest open order, which is the first on the page.
 */
export async function prepareDemo(deps: DemoDeps): Promise<PlacedOrder> {
  const count = await countDemoOrders(deps.panel)
  if (count === 0) await makeHistories(deps)
  let open = await deps.panel.openOrders()
  for (let missing = OPEN_ORDERS_MIN - open.length, index = count; missing > 0; missing -= 1, index += 1) {
    await makeDemoOrder(deps, index)
  }
  if (open.length < OPEN_ORDERS_MIN) open = await deps.panel.openOrders()
  return open.at(-1)!
}

async function makeHistories(deps: DemoDeps): Promise<void> {
  await deps.panel.deposit(OPENING_BALANCE)
  for (const [index, { history }] of DEMO_HISTORIES.entries()) {
    const providerOrderId = await makeDemoOrder(deps, index)
    for (const change of history) {
      deps.provider.change(providerOrderId, change)
      await untilAcknowledged(deps.provider)
    }
  }
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
