import type { TestDatabase } from '@paxyo/testkit'
import { auditLedger } from '../src/audit/audit-ledger.ts'

const LIMITS = { rowsMax: 5, outboxAgeS: 86_400, parkedAgeS: 86_400, reviewAgeS: 86_400 }

/** What the audit finds, by check: the rows' subjects. `{}` when all agrees. */
export async function violations(database: TestDatabase): Promise<Record<string, string[]>> {
  const client = await database.owner.connect()
  try {
    const { checks } = await auditLedger({ query: async (text) => (await client.query(text)).rows as never }, LIMITS)
    return Object.fromEntries(
      checks.filter(({ count }) => count > 0).map(({ check, rows }) => [check, rows.map(({ subject }) => subject)]),
    )
  } finally {
    client.release(true)
  }
}
