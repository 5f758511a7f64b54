import type { PanelApi, PanelApiDeps } from '../panel-api.ts'
import { registerListDeliveries } from './list-deliveries.ts'
import { registerReadDelivery } from './read-delivery.ts'
import { registerReplayRoutes } from './replay-routes.ts'

/** `/v1/deliveries`. */
export function registerDeliveryRoutes(api: PanelApi, deps: PanelApiDeps): void {
  registerListDeliveries(api, deps)
  registerReadDelivery(api, deps)
  registerReplayRoutes(api, deps)
}
