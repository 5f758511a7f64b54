import type { PoolClient } from 'pg'

const READ_KEY_NAMES = 'SELECT key_id, name FROM api_keys WHERE key_id = ANY($1::text[])'

/** The names of API keys by their ids, without those that are not in the database. */
export async function readKeyNames(
  client: PoolClient,
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (keyIds.length === 0) return new Map()
  const { rows } = await client.query<{ key_id: string; name: string }>({
    name: 'read_key_names',
    text: READ_KEY_NAMES,
    values: [keyIds],
  })
  return new Map(rows.map((row) => [row.key_id, row.name]))
}

/** The name of an API key, for the history; its id when it is not in the database. */
export async function readKeyName(client: PoolClient, keyId: string): Promise<string> {
  const names = await readKeyNames(client, [keyId])
  return names.get(keyId) ?? keyId
}
