import type { Pool, PoolClient, QueryResult } from 'pg'

const DELETE_OUTBOX = 'DELETE FROM outbox WHERE batch_id = ANY($1::uuid[])'

/**
 * Deletes the outbox rows of published batches. A prepared statement's name belongs to one text for the lifetime of a
 * connection, so only this function uses the name.
 */
export function deletePublished(client: Pool | PoolClient, batchIds: readonly string[]): Promise<QueryResult> {
  return client.query({ name: 'delete_outbox', text: DELETE_OUTBOX, values: [batchIds] })
}
