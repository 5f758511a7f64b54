import { formatMoney } from '@paxyo/order-core'
import type { Account } from '@paxyo/ledger'
import type { AccountOfPanel } from './account-schemas.ts'

/** An account as the panel sees it. */
export function accountView({ userId, currency, balance }: Account): AccountOfPanel {
  return { userId, currency, balance: formatMoney(balance) }
}
