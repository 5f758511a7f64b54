import { parseMoney, type Money } from '@paxyo/order-core'
import type { Pool } from 'pg'
import {
  accountImportResult,
  openingEntryId,
  readOpeningBalances,
  type AccountImportResult,
  type ImportedAccount,
} from './import-accounts.ts'

const READ_ACCOUNTS = `SELECT user_id, currency, balance FROM accounts WHERE user_id = ANY($1::text[])`

interface Row {
  readonly user_id: string
  readonly currency: string
  readonly balance: string
}

/** What a dry run knows of an account. */
interface Seen {
  readonly currency: string
  readonly balance: Money
  readonly opening: Money | undefined
  /** Whether it is only in the file, and without a row that opens it. */
  readonly isNew: boolean
}

/**
 * Checks batches of accounts as {@link importAccounts} would import them one after the other, and changes nothing.
 *
 * @param pool the database to compare with; without one, only the rows are compared with each other.
 * @returns a function that returns the result of each account of the next batch.
 * @example
 * const check = createAccountImportCheck(pool)
 * await check([{ userId: 'ann', currency: 'USD', balance: 0n }]) //=> ['imported']
 */
export function createAccountImportCheck(
  pool: Pool | undefined,
): (accounts: readonly ImportedAccount[]) => Promise<AccountImportResult[]> {
  const seen = new Map<string, Seen>()

  async function read(database: Pool, accounts: readonly ImportedAccount[]): Promise<void> {
    const userIds = [...new Set(accounts.map(({ userId }) => userId))]
    const { rows } = await database.query<Row>(READ_ACCOUNTS, [userIds])
    const openings = await readOpeningBalances(database, userIds)
    for (const { user_id: userId, currency, balance } of rows) {
      if (seen.has(userId)) continue
      const opening = openings.get(openingEntryId(userId))
      seen.set(userId, { currency, balance: parseMoney(balance), opening, isNew: false })
    }
  }

  function check(item: ImportedAccount): AccountImportResult {
    const { userId, currency, balance } = item
    const account = seen.get(userId) ?? { currency, balance: 0n, opening: undefined, isNew: true }
    const result = accountImportResult({ account, opening: account.opening, isNew: account.isNew }, item)
    if (result === 'imported') {
      const opening = balance === 0n ? undefined : balance
      seen.set(userId, { currency, balance: account.balance + balance, opening, isNew: false })
    } else seen.set(userId, account)
    return result
  }

  return async (accounts) => {
    if (pool !== undefined) await read(pool, accounts)
    return accounts.map(check)
  }
}
