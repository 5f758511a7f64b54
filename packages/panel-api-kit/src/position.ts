import { identifierSchema } from '@paxyo/contracts'
import type { PoolClient } from 'pg'
import { z } from 'zod'

/** A user id in a path. */
export const userParams = z.object({ userId: identifierSchema })

const READ_EPOCH = 'SELECT epoch FROM stream_epoch'

/**
 * The epoch of the streams: it changes after a restore of the database, and after a failover that may have lost commits.
 *
 * @example
 * const epoch = await transaction(pool, readEpoch)
 * epoch.length //=> 32
 */
export async function readEpoch(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ epoch: string }>({ name: 'read_epoch', text: READ_EPOCH })
  return rows[0]!.epoch
}
