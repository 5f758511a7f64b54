import { seqSchema } from '@paxyo/contracts'
import { z } from 'zod'

/** The position of a change in the user's stream: a page whose socket has reached it has shown it already. */
export const positionFields = {
  seq: seqSchema.describe("The user's seq after this change."),
  epoch: z.string().describe('The epoch of the streams; seqs of another epoch are void.'),
}
