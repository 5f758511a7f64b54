import type { Pool } from 'pg'

/** Ages are for the audit's own tests: no row of another test is a day old. */
const LIMITS = { rowsMax: 5, outboxAgeS: 86_400, parkedAgeS: 86_400, reviewAgeS: 86_400 }

/**
 * Audits the ledger of a database in one snapshot.
 *
 * @param owner a pool of the database's owner, such as `TestDatabase.owner`.
 * @returns the subjects of the first violations, by the name of the check. `{}` when there are none.
 */
export async function ledgerViolations(owner: Pool): Promise<Record<string, string[]>> {
  // Loaded on demand: most tests do not need it.
  const { auditLedger } = await import('@paxyo/ledger/audit')
  const client = await owner.connect()
  try {
    const { checks } = await auditLedger({ query: async (text) => (await client.query(text)).rows as never }, LIMITS)
    return Object.fromEntries(
      checks.filter(({ count }) => count > 0).map(({ check, rows }) => [check, rows.map(({ subject }) => subject)]),
    )
  } finally {
    client.release(true)
  }
}
