import { identifierSchema, seqSchema } from '@paxyo/contracts'
import type { PoolClient } from 'pg'
import { z } from 'zod'

/** Where in the user's stream a change stands: a page whose socket has come as far has shown it already. */
export const positionFields = {
  seq: seqSchema.describe("The user's seq after this change."),
  epoch: z.string().describe('The epoch of the streams; seqs of another one mean nothing.'),
}

/** A user id in a path. */
export const userParams = z.object({ userId: identifierSchema })

const READ_EPOCH = 'SELECT epoch FROM stream_epoch'

export async function readEpoch(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ epoch: string }>({ name: 'read_epoch', text: READ_EPOCH })
  return rows[0]!.epoch
}
