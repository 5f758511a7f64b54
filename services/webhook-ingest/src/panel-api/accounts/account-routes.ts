import type { PanelApi, PanelApiDeps } from '../panel-api.ts'
import { registerGetAccount } from './get-account.ts'
import { registerGetLedger } from './get-ledger.ts'
import { registerPostAccount } from './post-account.ts'
import { registerPostDeposit } from './post-deposit.ts'

/** `/v1/accounts`. */
export function registerAccountRoutes(api: PanelApi, deps: PanelApiDeps): void {
  registerPostAccount(api, deps)
  registerGetAccount(api, deps)
  registerPostDeposit(api, deps)
  registerGetLedger(api, deps)
}
