import type { Money } from '@paxyo/order-core'
import type { NeededRows } from './locked-rows.ts'
import type { WriteTransaction } from './account-writes.ts'
import { BALANCE_MAX, type Account } from '../model/working-set.ts'
import { recordDeposit } from '../transaction/record-event.ts'
import type { PaidDeposit } from './read-payments.ts'

export interface Deposit {
  readonly userId: string
  /** Above zero. */
  readonly amount: Money
  /** Must be the account's currency; nothing is converted. */
  readonly currency: string
  /**
   * The payment's id, such as that of the payment processor. A payment is deposited once, even if it is sent
   * repeatedly.
   */
  readonly paymentRef: string
}

export interface Deposited {
  readonly entryId: string
  /** After the deposit. */
  readonly account: Account
  readonly at: Date
  /** The payment was deposited before; this is the original result. */
  readonly isReplay: boolean
}

export type DepositRejection =
  | 'account_not_found'
  | 'currency_mismatch'
  | 'balance_limit_exceeded'
  | 'payment_ref_reused'

/**
 * The rows that {@link deposit} needs.
 *
 * @example
 * depositNeeds({ userId: 'ann', amount: parseMoney('10'), currency: 'USD', paymentRef: 'r' }) //=> { userId: 'ann', paymentRef: 'r' }
 */
export const depositNeeds = ({ userId, paymentRef }: Deposit): NeededRows => ({ userId, paymentRef })

/**
 * Deposits money into an account, with an event for its user. A payment that was deposited before changes nothing.
 *
 * The account's lock serializes two deposits of one payment into one account. When they name different accounts, the
 * database rejects the second one at commit, and the work must be run again.
 *
 * @returns the deposit, or why it was rejected; a rejected deposit records nothing.
 * @example
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * const payment = { userId: 'ann', amount: parseMoney('10'), currency: 'USD', paymentRef: 'invoice 1' }
 * const response = await createAccountWrites({ ...ledger, log }).commit(undefined, {
 *   needs: depositNeeds(payment),
 *   decide(tx) {
 *     const done = deposit(tx, payment)
 *     return typeof done === 'string' ? done : { status: 201, body: { balance: formatMoney(done.account.balance) } }
 *   },
 * })
 * typeof response === 'object' && response.json //=> '{"balance":"10"}'
 */
export function deposit(
  { rows, changes, newId }: WriteTransaction,
  { userId, amount, currency, paymentRef }: Deposit,
): Deposited | DepositRejection {
  const account = rows.account(userId)
  const earlier = rows.paymentsByRef.get(paymentRef)
  if (earlier !== undefined) {
    const isSame = earlier.userId === userId && earlier.amount === amount && account?.currency === currency
    return isSame ? toReplay(earlier, account) : 'payment_ref_reused'
  }
  if (account === undefined) return 'account_not_found'
  if (account.currency !== currency) return 'currency_mismatch'
  if (account.balance + amount > BALANCE_MAX) return 'balance_limit_exceeded'
  const { at } = rows
  const entryId = newId()
  const recorded = recordDeposit(changes, account, { entryId, amount, paymentRef }, at)
  const { balance: balanceAfter, lastSeq: seq } = recorded.account
  rows.paymentsByRef.set(paymentRef, { entryId, userId, amount, balanceAfter, seq, at })
  return { entryId, account: recorded.account, at, isReplay: false }
}

/** The account after the payment. */
const toReplay = ({ entryId, balanceAfter, seq, at }: PaidDeposit, account: Account): Deposited => ({
  entryId,
  account: { ...account, balance: balanceAfter, lastSeq: seq },
  at,
  isReplay: true,
})
