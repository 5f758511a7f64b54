import { ConfigError } from '@paxyo/service-kit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'

const REPLICA =
  'DATABASE_URL: must be the primary, and this server is a replica (it is in recovery). A replica may lag: browsers would ' +
  'receive events, such as refunds, that they already have. To read from a replica, set it as DATABASE_READ_URL, with READ_REPLICA=on'

/** After a failover a proxy may lead to the former primary until its next health check. */
const ATTEMPTS_MAX = 10
const RETRY_DELAY_MS = 500

/**
 * Ends the start on a replica. An unavailable database does not end it: the readiness check waits for it, and also
 * notices a server that becomes a replica later.
 *
 * @throws ConfigError
 */
export async function rejectReplica(pool: Pool): Promise<void> {
  for (let attempt = 1; await isReplica(pool); attempt += 1) {
    if (attempt === ATTEMPTS_MAX) throw new ConfigError([REPLICA])
    await sleep(RETRY_DELAY_MS)
  }
}

/** Asks over a connection that is used only for this: the next one may lead to another server. */
async function isReplica(pool: Pool): Promise<boolean> {
  const client = await pool.connect().catch(() => undefined)
  if (client === undefined) return false
  try {
    const { rows } = await client.query<{ is_replica: boolean }>('SELECT pg_is_in_recovery() AS is_replica')
    return rows[0]!.is_replica
  } catch {
    return false
  } finally {
    client.release(true)
  }
}
