import type { Pool, PoolClient, QueryResult } from 'pg'

const DELETE_OUTBOX = 'DELETE FROM outbox WHERE batch_id = ANY($1::uuid[])'

/**
 * Deletes the outbox rows of batches that the bus has. A statement's name belongs to one text for as long as its
 * connection lives, so this is the only place that knows it.
 */
export function deletePublished(client: Pool | PoolClient, batchIds: readonly string[]): Promise<QueryResult> {
  return client.query({ name: 'delete_outbox', text: DELETE_OUTBOX, values: [batchIds] })
}
