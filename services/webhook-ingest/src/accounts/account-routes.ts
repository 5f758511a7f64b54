import type { PanelApi, PanelApiDeps } from '../api/panel-api.ts'

/** `/v1/accounts`. */
export function registerAccountRoutes(_api: PanelApi, _deps: PanelApiDeps): void {}
