import { seqSchema } from '@paxyo/contracts'
import { z } from 'zod'

/** Where in the user's stream a change stands: a page whose socket has come as far has shown it already. */
export const positionFields = {
  seq: seqSchema.describe("The user's seq after this change."),
  epoch: z.string().describe('The epoch of the streams; seqs of another one mean nothing.'),
}
