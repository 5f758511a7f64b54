import type { PoolClient } from 'pg'

/** More endpoints would each read the whole feed. */
const ENDPOINTS_MAX = 50

export interface NewEndpoint {
  readonly endpointId: string
  readonly url: string
  readonly types: readonly string[]
  readonly secrets: readonly string[]
  readonly isEnabled: boolean
  readonly ca: string | null
  readonly isInsecure: boolean
}

// It begins after the changes that have a position.
const INSERT = `
  INSERT INTO outgoing_webhook_endpoints (endpoint_id, url, types, secrets, is_enabled, ca, is_insecure, position)
  SELECT $1, $2, $3::text[], $4::text[], $5, $6, $7, position FROM change_feed_head
  WHERE (SELECT count(*) FROM outgoing_webhook_endpoints) < ${ENDPOINTS_MAX}
  RETURNING created_at`

/** @returns when it was created; undefined when there are too many. */
export async function insertEndpoint(client: PoolClient, endpoint: NewEndpoint): Promise<Date | undefined> {
  const { endpointId, url, types, secrets, isEnabled, ca, isInsecure } = endpoint
  const values = [endpointId, url, types, secrets, isEnabled, ca, isInsecure]
  const { rows } = await client.query<{ created_at: Date }>(INSERT, values)
  return rows[0]?.created_at
}
