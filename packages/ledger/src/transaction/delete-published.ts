import type { Statement } from '../model/change-set.ts'

const DELETE_OUTBOX = 'DELETE FROM outbox WHERE batch_id = ANY($1::uuid[])'

/** Deletes the outbox rows of published batches. */
export const deletePublished = (batchIds: readonly string[]): Statement => ({
  name: 'delete_outbox',
  text: DELETE_OUTBOX,
  values: [batchIds],
})
