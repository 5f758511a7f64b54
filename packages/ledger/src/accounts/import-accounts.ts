import { roundTrip } from '@paxyo/database'
import { parseMoney, type Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { v5 as uuidv5 } from 'uuid'
import { BALANCE_MAX, type Account, type LockedAccount } from '../model/working-set.ts'
import { commitImport, type ImportDeps } from '../transaction/commit-import.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { readClock } from '../transaction/read-working-set.ts'
import { recordDeposit } from '../transaction/record-event.ts'
import { lockAccounts, openAccounts } from './lock-accounts.ts'

/** A user of the previous system. */
export interface ImportedAccount {
  readonly userId: string
  readonly currency: string
  /** The user's balance; it becomes the first deposit. */
  readonly balance: Money
}

export type AccountImportResult =
  | 'imported'
  | 'already_there'
  | 'currency_mismatch'
  | 'balance_conflict'
  | 'balance_limit_exceeded'

/** The UUID namespace of the ids of opening balances. It must never change: equal ids prevent a second deposit. */
const OPENING_BALANCES = '9b1d1c54-3f0e-4d53-9a3c-6d6c6f0a7e11'

/**
 * Imports a batch of users, in one transaction: opens their accounts, with their balances as deposits. A balance is
 * imported once: its entry's id derives from the user's id, so that the database rejects another one.
 *
 * @returns the result of each account; `balance_conflict` when another balance was imported before.
 * @throws the database's errors after the last attempt.
 * @example
 * const ann = { userId: 'ann', currency: 'USD', balance: parseMoney('12.5') }
 * await importAccounts(ledger, [ann]) //=> ['imported']
 * await importAccounts(ledger, [ann]) //=> ['already_there']
 */
export function importAccounts(deps: ImportDeps, accounts: readonly ImportedAccount[]): Promise<AccountImportResult[]> {
  return commitImport(deps, async (tx) => {
    const { client } = tx
    const userIds = [...new Set(accounts.map(({ userId }) => userId))]
    const [there, at] = await roundTrip([lockAccounts(client, userIds), readClock(tx)])
    const currencyByUserId = new Map<string, string>()
    for (const { userId, currency } of accounts) {
      if (!there.has(userId) && !currencyByUserId.has(userId)) currencyByUserId.set(userId, currency)
    }
    const { accounts: opened, openedUserIds } = await openAccounts({ client, accountMode: 'kept' }, currencyByUserId)
    // Read under the locks: a concurrent import of the same balance waits for this one, or this one for it.
    const known: Known = {
      at,
      accountsByUserId: new Map([...there, ...opened]),
      newUserIds: new Set(openedUserIds),
      openingByEntryId: await readOpeningBalances(client, userIds),
    }
    return accounts.map((account) => importOne(tx, known, account))
  })
}

interface Known {
  readonly at: Date
  readonly accountsByUserId: Map<string, LockedAccount>
  readonly newUserIds: Set<string>
  readonly openingByEntryId: Map<string, Money>
}

/** What is there already that an account could conflict with. */
export interface AccountConflicts {
  readonly account: Pick<Account, 'currency' | 'balance'> | undefined
  /** The opening balance that was imported before. */
  readonly opening: Money | undefined
  /** Whether this import opens the account. */
  readonly isNew: boolean
}

/** The result of importing one account. */
export function accountImportResult(
  { account, opening, isNew }: AccountConflicts,
  { currency, balance }: ImportedAccount,
): AccountImportResult {
  if (account !== undefined && account.currency !== currency) return 'currency_mismatch'
  if (opening !== undefined) return opening === balance ? 'already_there' : 'balance_conflict'
  if (balance === 0n) return isNew ? 'imported' : 'already_there'
  return (account?.balance ?? 0n) + balance > BALANCE_MAX ? 'balance_limit_exceeded' : 'imported'
}

function importOne({ changes }: LedgerTransaction, known: Known, item: ImportedAccount): AccountImportResult {
  const { userId, balance } = item
  const account = known.accountsByUserId.get(userId)!
  const entryId = openingEntryId(userId)
  const isNew = known.newUserIds.has(userId)
  const result = accountImportResult({ account, opening: known.openingByEntryId.get(entryId), isNew }, item)
  if (result !== 'imported') return result

  if (balance === 0n) {
    known.newUserIds.delete(userId)
    return result
  }
  known.openingByEntryId.set(entryId, balance)
  known.accountsByUserId.set(userId, recordDeposit(changes, account, { entryId, amount: balance }, known.at).account)
  return result
}

export const openingEntryId = (userId: string): string => uuidv5(userId, OPENING_BALANCES)

const READ_OPENING_BALANCES = `SELECT entry_id, amount FROM ledger_entries WHERE entry_id = ANY($1::uuid[])`

/** The imported opening balances of these users, by {@link openingEntryId}. */
export async function readOpeningBalances(
  client: Pick<PoolClient, 'query'>,
  userIds: readonly string[],
): Promise<Map<string, Money>> {
  const { rows } = await client.query<{ entry_id: string; amount: string }>({
    name: 'read_opening_balances',
    text: READ_OPENING_BALANCES,
    values: [userIds.map(openingEntryId)],
  })
  return new Map(rows.map(({ entry_id: entryId, amount }) => [entryId, parseMoney(amount)]))
}
