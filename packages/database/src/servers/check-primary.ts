import type { Pool } from 'pg'
import { readClientState } from './server-session.ts'

/**
 * Checks that a service can commit: a proxy or a name may lead to a standby, or to a server that accepts no writes.
 *
 * @throws Error with the reason, and the database's errors.
 * @example
 * await checkPrimary(pool) //=> undefined
 */
export async function checkPrimary(pool: Pool): Promise<void> {
  const { isReplica, isReadOnly } = await readClientState(pool)
  if (isReplica) throw new Error('the database is a standby')
  if (isReadOnly) throw new Error('the database is read-only')
}
