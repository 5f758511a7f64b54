import { withConnection } from '@paxyo/database'
import type { Pool } from 'pg'
import { readChangeFeedHead, type UnusableCursor } from '../change-feed/read-changes.ts'
import { whyUnusable, type FeedCursor } from '../feed/feed-cursor.ts'
import type { Account } from '../model/working-set.ts'
import { toAccount, type AccountRow } from '../transaction/account-rows.ts'

const COLUMNS = 'user_id, currency, balance, balance_mode, last_seq'

const FIND_ACCOUNT = `SELECT ${COLUMNS}, epoch FROM accounts CROSS JOIN stream_epoch WHERE user_id = $1`

/**
 * A user's account, and the epoch that its seq belongs to.
 *
 * @returns undefined when the user has none.
 * @example
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * (await findAccount(pool, 'ann'))?.account.lastSeq //=> 0
 */
export async function findAccount(
  pool: Pool,
  userId: string,
): Promise<{ readonly account: Account; readonly epoch: string } | undefined> {
  const { rows } = await pool.query<AccountRow & { readonly epoch: string }>({
    name: 'find_account',
    text: FIND_ACCOUNT,
    values: [userId],
  })
  const [row] = rows
  return row && { account: toAccount(row), epoch: row.epoch }
}

interface AccountCopyQuery {
  /** The end of the changes feed when the copy began. */
  readonly changesCursor: FeedCursor
  /** The user of the last account of the page before. */
  readonly after: string | undefined
  readonly limit: number
}

/** The panel has no user with the name that an erasure has given to an account. */
const READ_ACCOUNTS = `
  SELECT ${COLUMNS} FROM accounts
  WHERE user_id > $1 AND NOT EXISTS (SELECT FROM erasures WHERE pseudonym = accounts.user_id)
  ORDER BY user_id LIMIT $2`

/**
 * A page of a copy of all accounts, by the ids of their users. The copy is complete with the changes after `changesCursor`.
 *
 * @returns the accounts, read from one server; or why that server cannot continue the copy. One that does not have `changesCursor`,
 * such as a former primary during a failover, may lack changes that the feed does not repeat.
 * @example
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * const changesCursor = await readChangeFeedHead(pool)
 * const accounts = await copyAccounts(pool, { changesCursor, after: undefined, limit: 100 })
 * accounts.length //=> 1
 */
export function copyAccounts(
  pool: Pool,
  { changesCursor, after = '', limit }: AccountCopyQuery,
): Promise<Account[] | UnusableCursor> {
  return withConnection(pool, async (client) => {
    const reason = whyUnusable(await readChangeFeedHead(client), changesCursor)
    if (reason !== undefined) return reason
    const values = [after, limit]
    const { rows } = await client.query<AccountRow>({ name: 'copy_accounts', text: READ_ACCOUNTS, values })
    return rows.map(toAccount)
  })
}
