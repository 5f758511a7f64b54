import type { Account } from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { openAccounts } from './lock-accounts.ts'

/**
 * Opens an empty account for a user. Registering a user's first order also opens one.
 *
 * @returns the account, and whether this call opened it; `currency_mismatch` when the account has another currency.
 * @example
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'EUR')) //=> 'currency_mismatch'
 */
export async function openAccount(
  tx: LedgerTransaction,
  userId: string,
  currency: string,
): Promise<{ readonly account: Account; readonly isNew: boolean } | 'currency_mismatch'> {
  const { accounts, openedUserIds } = await openAccounts(tx, new Map([[userId, currency]]))
  const account = accounts.get(userId)!
  if (account.currency !== currency) return 'currency_mismatch'
  return { account, isNew: openedUserIds.has(userId) }
}
