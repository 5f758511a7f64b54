import { RolledBackError, roundTrip } from '@paxyo/database'
import type { BalanceMode } from '@paxyo/contracts'
import type { PoolClient } from 'pg'
import { NO_TOTALS } from '../model/totals.ts'
import type { LockedAccount } from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { LOCKED_ACCOUNT_COLUMNS, toLockedAccounts, type LockedAccountRow } from '../transaction/account-rows.ts'

const LOCK_ACCOUNTS = `
  SELECT ${LOCKED_ACCOUNT_COLUMNS} FROM accounts WHERE user_id = ANY($1::text[])
  ORDER BY user_id FOR NO KEY UPDATE`

// Sorted by id, in the same order as LOCK_ACCOUNTS, so that two transactions cannot deadlock.
const OPEN_ACCOUNTS = `
  INSERT INTO accounts (user_id, currency, balance_mode, totals_seq)
  SELECT user_id, currency, $3, 0 FROM unnest($1::text[], $2::text[]) AS opened (user_id, currency) ORDER BY user_id
  ON CONFLICT (user_id) DO NOTHING
  RETURNING user_id`

const INSERT_ACCOUNTS = `
  INSERT INTO accounts (user_id, currency, balance_mode, totals_seq)
  SELECT user_id, currency, balance_mode, 0
  FROM unnest($1::text[], $2::text[], $3::text[]) AS opened (user_id, currency, balance_mode) ORDER BY user_id`

/** Locks the accounts of these users, in the order of their ids. Users without an account are left out. */
export async function lockAccounts(
  client: PoolClient,
  userIds: readonly string[],
): Promise<Map<string, LockedAccount>> {
  const values = [userIds]
  const { rows } = await client.query<LockedAccountRow>({ name: 'lock_accounts', text: LOCK_ACCOUNTS, values })
  return toLockedAccounts(client, rows)
}

export interface OpenedAccounts {
  readonly accounts: Map<string, LockedAccount>
  /** Accounts that this transaction has opened; a concurrent transaction opened the others. */
  readonly openedUserIds: ReadonlySet<string>
}

/** Opens accounts and locks them. An account that a concurrent transaction has opened may have another currency. */
export async function openAccounts(
  { client, accountMode = 'external' }: Pick<LedgerTransaction, 'client' | 'accountMode'>,
  currencyByUserId: ReadonlyMap<string, string>,
): Promise<OpenedAccounts> {
  const userIds = [...currencyByUserId.keys()]
  const [opened, accounts] = await roundTrip([
    client.query<{ user_id: string }>({
      name: 'open_accounts',
      text: OPEN_ACCOUNTS,
      values: [userIds, [...currencyByUserId.values()], accountMode],
    }),
    lockAccounts(client, userIds),
  ])
  // An erasure has renamed it since the insert found it: the work must be run again.
  if (accounts.size < userIds.length) throw new RolledBackError('an account was erased meanwhile')
  return { accounts, openedUserIds: new Set(opened.rows.map((row) => row.user_id)) }
}

/** A new account. */
export function emptyAccount(userId: string, currency: string, mode: BalanceMode = 'external'): LockedAccount {
  return { userId, currency, balance: 0n, lastSeq: 0, mode, totals: NO_TOTALS }
}

/**
 * Opens accounts that did not exist when the locks were taken; their later changes are written with all others.
 *
 * @throws the database's rejection when a concurrent transaction has opened one: the work must be run again.
 */
export async function insertAccounts(client: PoolClient, accounts: readonly LockedAccount[]): Promise<void> {
  if (accounts.length === 0) return
  await client.query({
    name: 'insert_accounts',
    text: INSERT_ACCOUNTS,
    values: [
      accounts.map(({ userId }) => userId),
      accounts.map(({ currency }) => currency),
      accounts.map(({ mode }) => mode),
    ],
  })
}
