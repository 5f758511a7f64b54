import { roundTrip } from '@paxyo/database'
import { parseMoney, type Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { BALANCE_MAX, type Account } from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { readClock } from '../transaction/read-working-set.ts'
import { recordDeposit } from '../transaction/record-event.ts'
import { lockAccounts } from './lock-accounts.ts'

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
 * Deposits money into an account, with an event for its user. A payment that was deposited before changes nothing.
 *
 * The account's lock serializes two deposits of one payment into one account. When they name different accounts, the
 * database rejects the second one at commit, and the work must be run again.
 *
 * @returns the deposit, or why it was rejected; a rejected deposit records nothing.
 * @example
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * const payment = { userId: 'ann', amount: parseMoney('10'), currency: 'USD', paymentRef: 'invoice 1' }
 * const deposited = await commitChangeSet(ledger, (tx) => deposit(tx, payment))
 * typeof deposited === 'object' && formatMoney(deposited.account.balance) //=> '10'
 */
export async function deposit(
  tx: LedgerTransaction,
  { userId, amount, currency, paymentRef }: Deposit,
): Promise<Deposited | DepositRejection> {
  // Separate statements, so that the read of the payment sees the commit of the lock's previous holder.
  const [accounts, earlier, at] = await roundTrip([
    lockAccounts(tx.client, [userId]),
    readPayment(tx.client, paymentRef),
    readClock(tx),
  ])
  const account = accounts.get(userId)
  if (earlier !== undefined) {
    const isSame = earlier.user_id === userId && parseMoney(earlier.amount) === amount && account?.currency === currency
    return isSame ? toReplay(earlier, account) : 'payment_ref_reused'
  }
  if (account === undefined) return 'account_not_found'
  if (account.currency !== currency) return 'currency_mismatch'
  if (account.balance + amount > BALANCE_MAX) return 'balance_limit_exceeded'
  const entryId = tx.newId()
  const recorded = recordDeposit(tx.changes, account, { entryId, amount, paymentRef }, at)
  return { entryId, account: recorded.account, at, isReplay: false }
}

interface PaymentRow {
  readonly entry_id: string
  readonly user_id: string
  readonly amount: string
  readonly balance_after: string
  readonly payment_seq: number
  readonly created_at: Date
}

const READ_PAYMENT = `
  SELECT entry_id, user_id, amount, balance_after, payment_seq, created_at FROM ledger_entries WHERE payment_ref = $1`

async function readPayment(client: PoolClient, paymentRef: string): Promise<PaymentRow | undefined> {
  const { rows } = await client.query<PaymentRow>({ name: 'read_payment', text: READ_PAYMENT, values: [paymentRef] })
  return rows[0]
}

/** The account after the payment. */
function toReplay(row: PaymentRow, account: Account): Deposited {
  const then = { ...account, balance: parseMoney(row.balance_after), lastSeq: row.payment_seq }
  return { entryId: row.entry_id, account: then, at: row.created_at, isReplay: true }
}
