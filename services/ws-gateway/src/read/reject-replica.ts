import { ConfigError } from '@paxyo/service-kit'
import type { Pool } from 'pg'

const REPLICA =
  'DATABASE_URL: must be the primary, and this server is a replica (it is in recovery). A replica may lag: browsers would ' +
  'receive events, such as refunds, that they already have. To read from a replica, set it as DATABASE_READ_URL, with READ_REPLICA=on'

/**
 * Ends the start on a replica. An unavailable database does not end it: the readiness check waits for it, and also
 * notices a server that becomes a replica later.
 *
 * @throws ConfigError
 */
export async function rejectReplica(pool: Pool): Promise<void> {
  const isReplica = await pool
    .query<{ is_replica: boolean }>('SELECT pg_is_in_recovery() AS is_replica')
    .then(({ rows }) => rows[0]!.is_replica)
    .catch(() => false)
  if (isReplica) throw new ConfigError([REPLICA])
}
