import type { Pool } from 'pg'

const ACCOUNTS_PER_BATCH = 500

// The ledger takes the same locks in the same order. A deposit that commits meanwhile has set the mode itself.
const DETERMINE = `
  WITH undetermined AS (
    SELECT user_id FROM accounts WHERE user_id > $1 AND balance_mode IS NULL
    ORDER BY user_id LIMIT ${ACCOUNTS_PER_BATCH} FOR NO KEY UPDATE
  ), determined AS (
    UPDATE accounts SET balance_mode = CASE WHEN EXISTS (
      SELECT FROM ledger_entries AS entry WHERE entry.user_id = accounts.user_id AND entry.kind IN ('deposit', 'charge')
    ) THEN 'kept' ELSE 'external' END
    FROM undetermined WHERE accounts.user_id = undetermined.user_id
  )
  SELECT max(user_id) AS last FROM undetermined`

const FIND_NOT_VALIDATED = `
  SELECT FROM pg_constraint
  WHERE conrelid = 'accounts'::regclass AND conname = 'balance_mode_known' AND NOT convalidated`
/** Reads all accounts, and blocks neither reads nor writes. */
const VALIDATE = 'ALTER TABLE accounts VALIDATE CONSTRAINT balance_mode_known'

/** Determines the mode of the accounts that were opened before accounts had one, in short transactions. */
export async function determineBalanceModes(pool: Pool): Promise<void> {
  for (let after: string | null = ''; after !== null;) {
    const { rows }: { rows: { last: string | null }[] } = await pool.query(DETERMINE, [after])
    after = rows[0]!.last
  }
  const { rowCount } = await pool.query(FIND_NOT_VALIDATED)
  if (rowCount === 1) await pool.query(VALIDATE)
}
