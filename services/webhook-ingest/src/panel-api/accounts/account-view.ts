import { formatMoney } from '@paxyo/order-core'
import type { Account } from '@paxyo/ledger'
import type { PanelAccount } from '@paxyo/panel-client'

/** An account as the panel sees it. */
export function accountView({ userId, currency, balance, mode }: Account): PanelAccount {
  return { userId, currency, balance: formatMoney(balance), mode }
}
