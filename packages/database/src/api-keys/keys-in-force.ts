import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../schema.generated.ts'
import { hashApiKey } from './api-key.ts'
import { API_KEYS_MAX } from './api-keys.ts'

/** A key that is neither revoked nor expired. */
export interface KeyInForce {
  readonly keyId: string
  readonly hash: Buffer
  readonly name: string
  /** Null has all scopes. */
  readonly scopes: readonly string[] | null
  readonly expiresAt: Date | null
  /** The networks from which it is accepted; null for all. */
  readonly allowedNetworks: readonly string[] | null
}

/**
 * The keys that are neither revoked nor expired.
 *
 * @example
 * const created = await createApiKey(createKysely(ownerPool), 'the panel')
 * (await readKeysInForce(createKysely(pool))).map(({ keyId }) => keyId) //=> [created!.keyId]
 */
export async function readKeysInForce(db: Kysely<Database>): Promise<KeyInForce[]> {
  return db
    .selectFrom('api_keys')
    .select([
      'key_id as keyId',
      'key_hash as hash',
      'name',
      'scopes',
      'expires_at as expiresAt',
      'allowed_networks as allowedNetworks',
    ])
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]))
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

/**
 * The hashes of revoked keys that the environment configures.
 *
 * @example
 * await revokeEnvironmentKey(createKysely(pool), 'a-panel-key')
 * const [hash] = await readRevokedHashes(createKysely(pool))
 * hash!.equals(hashApiKey('a-panel-key')) //=> true
 */
export async function readRevokedHashes(db: Kysely<Database>): Promise<Buffer[]> {
  const rows = await db.selectFrom('revoked_keys').select('key_hash').execute()
  return rows.map((row) => row.key_hash)
}

/**
 * Revokes a key that the environment configures, such as the one that the standalone prints.
 *
 * @returns false when it is revoked already.
 * @example
 * await revokeEnvironmentKey(createKysely(pool), 'a-panel-key') //=> true
 * await revokeEnvironmentKey(createKysely(pool), 'a-panel-key') //=> false
 */
export async function revokeEnvironmentKey(db: Kysely<Database>, key: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('revoked_keys')
    .values({ key_hash: hashApiKey(key) })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}
