import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../schema.generated.ts'
import { hashApiKey, makeApiKey, type NewApiKey } from './api-key.ts'

/** A key without its secret. */
export interface ApiKey {
  readonly keyId: string
  readonly name: string
  readonly createdAt: Date
  /** To the minute or so; null when it was never used. */
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
}

/** The maximum number of active keys; every process keeps them in memory. */
export const API_KEYS_MAX = 100

/**
 * Creates an API key, as the database's owner. Several can be active at once, for rotation.
 *
 * @returns the key, which cannot be read again; undefined when {@link API_KEYS_MAX} are active.
 * @example
 * const db = createKysely(ownerPool)
 * const created = await createApiKey(db, 'the panel')
 * apiKeyId(created!.key) === created!.keyId //=> true
 */
export async function createApiKey(db: Kysely<Database>, name: string): Promise<NewApiKey | undefined> {
  const made = makeApiKey()
  const activeKeys = db
    .selectFrom('api_keys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('revoked_at', 'is', null)
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('api_keys')
    .columns(['key_id', 'name', 'key_hash'])
    .expression(
      db
        .selectNoFrom([
          sql.val(made.keyId).$castTo<string>().as('key_id'),
          sql.val(name).$castTo<string>().as('name'),
          sql.val(hashApiKey(made.key)).$castTo<Buffer>().as('key_hash'),
        ])
        .where(activeKeys, '<', API_KEYS_MAX),
    )
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n ? made : undefined
}

/**
 * All keys, including revoked ones, newest first.
 *
 * @example
 * const db = createKysely(ownerPool)
 * await createApiKey(db, 'the panel')
 * (await listApiKeys(db)).map(({ name }) => name) //=> ['the panel']
 */
export async function listApiKeys(db: Kysely<Database>): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['key_id', 'name', 'created_at', 'last_used_at', 'revoked_at'])
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .execute()
  return rows.map((row) => ({
    keyId: row.key_id,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }))
}

/**
 * Revokes a key, as the database's owner. Every process rejects it within a second.
 *
 * @param keyId its public part, `pxk_…`; the whole key works, too.
 * @returns false when there is no such active key.
 * @example
 * const db = createKysely(ownerPool)
 * const created = await createApiKey(db, 'the panel')
 * await revokeApiKey(db, created!.keyId) //=> true
 * await revokeApiKey(db, created!.keyId) //=> false
 */
export async function revokeApiKey(db: Kysely<Database>, keyId: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('key_id', '=', keyId.split('_', 2).join('_'))
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}
