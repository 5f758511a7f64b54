import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../schema.generated.ts'
import { API_KEYS_MAX } from './api-keys.ts'

/** A key that is not revoked. */
export interface KeyInForce {
  readonly keyId: string
  readonly hash: Buffer
  readonly name: string
}

/**
 * The keys that are not revoked.
 *
 * @example
 * const created = await createApiKey(createKysely(ownerPool), 'the panel')
 * (await readKeysInForce(createKysely(pool))).map(({ keyId }) => keyId) //=> [created!.keyId]
 */
export async function readKeysInForce(db: Kysely<Database>): Promise<KeyInForce[]> {
  return db
    .selectFrom('api_keys')
    .select(['key_id as keyId', 'key_hash as hash', 'name'])
    .where('revoked_at', 'is', null)
    .limit(API_KEYS_MAX)
    .execute()
}

/**
 * Records that keys were used now.
 *
 * @example
 * const created = await createApiKey(createKysely(ownerPool), 'the panel')
 * await recordKeyUse(createKysely(pool), [created!.keyId])
 * const [key] = await listApiKeys(createKysely(ownerPool))
 * key!.lastUsedAt === null //=> false
 */
export async function recordKeyUse(db: Kysely<Database>, keyIds: readonly string[]): Promise<void> {
  if (keyIds.length === 0) return
  await db
    .updateTable('api_keys')
    .set({ last_used_at: sql`now()` })
    .where('key_id', 'in', keyIds)
    .execute()
}
