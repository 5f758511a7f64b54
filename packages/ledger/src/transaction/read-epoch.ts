import type { PoolClient } from 'pg'

const READ_EPOCH = 'SELECT epoch FROM stream_epoch'

/**
 * The epoch of the streams: it changes after a restore of the database, and after a failover that may have lost commits.
 *
 * @example
 * const epoch = await commitChangeSet(ledger, ({ client }) => readEpoch(client))
 * epoch.length //=> 32
 */
export async function readEpoch(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ epoch: string }>({ name: 'read_epoch', text: READ_EPOCH })
  return rows[0]!.epoch
}
