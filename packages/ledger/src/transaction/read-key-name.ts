import type { PoolClient } from 'pg'

const READ_KEY_NAME = 'SELECT name FROM api_keys WHERE key_id = $1'

/** The name of an API key, for the history; its id when it is not in the database. */
export async function readKeyName(client: PoolClient, keyId: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>({ name: 'read_key_name', text: READ_KEY_NAME, values: [keyId] })
  return rows[0]?.name ?? keyId
}
