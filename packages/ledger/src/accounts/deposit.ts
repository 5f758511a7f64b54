import { roundTrip } from '@paxyo/database'
import type { Money } from '@paxyo/order-core'
import { BALANCE_MAX, type Account } from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { readClock } from '../transaction/read-working-set.ts'
import { recordDeposit } from '../transaction/record-event.ts'
import { lockAccounts } from './lock-accounts.ts'

export interface Deposit {
  readonly userId: string
  /** Above zero. */
  readonly amount: Money
  /** The account's own: nothing is converted. */
  readonly currency: string
}

export interface Deposited {
  readonly entryId: string
  /** After the deposit. */
  readonly account: Account
  readonly at: Date
}

/** Puts money into an account, with an event for its user. @returns why not, and nothing was noted then. */
export async function deposit(
  tx: LedgerTransaction,
  { userId, amount, currency }: Deposit,
): Promise<Deposited | 'account_not_found' | 'currency_mismatch' | 'balance_limit_exceeded'> {
  const [accounts, at] = await roundTrip([lockAccounts(tx.client, [userId]), readClock(tx)])
  const account = accounts.get(userId)
  if (account === undefined) return 'account_not_found'
  if (account.currency !== currency) return 'currency_mismatch'
  if (account.balance + amount > BALANCE_MAX) return 'balance_limit_exceeded'
  const entryId = tx.newId()
  return { entryId, account: recordDeposit(tx.changes, account, amount, entryId, at).account, at }
}
