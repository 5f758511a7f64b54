import type { PanelApi, PanelApiDeps } from '../api/panel-api.ts'
import { registerPostOrder } from './post-order.ts'

/** `/v1/orders`. */
export function registerOrderRoutes(api: PanelApi, deps: PanelApiDeps): void {
  registerPostOrder(api, deps)
}
