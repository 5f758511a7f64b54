import type { PanelApi, PanelApiDeps } from '../panel-api.ts'
import { registerBulkOrders } from './bulk-orders.ts'
import { registerGetOrder } from './get-order.ts'
import { registerListOrders } from './list-orders.ts'
import { registerPostOrder } from './post-order.ts'

/** `/v1/orders`. */
export function registerOrderRoutes(api: PanelApi, deps: PanelApiDeps): void {
  registerPostOrder(api, deps)
  registerBulkOrders(api, deps)
  registerListOrders(api, deps)
  registerGetOrder(api, deps)
}
