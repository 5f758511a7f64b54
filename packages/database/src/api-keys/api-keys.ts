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
  /** Null has all scopes: a key from before there were any. */
  readonly scopes: readonly string[] | null
  readonly expiresAt: Date | null
  /** The networks from which it is accepted; null for all. */
  readonly allowedNetworks: readonly string[] | null
}

/** What a new key may do, until when, and from where. */
export interface ApiKeyLimits {
  readonly scopes: readonly string[]
  readonly expiresAt?: Date | undefined
  readonly allowedNetworks?: readonly string[] | undefined
}

/** Without a scope, a new key only reads. */
const LEAST: ApiKeyLimits = { scopes: ['read'] }

/** The maximum number of active keys; every process keeps them in memory. */
export const API_KEYS_MAX = 100

/**
 * Creates an API key. Several can be active at once, for rotation.
 *
 * @param limits by default it only reads.
 * @returns the key, which cannot be read again; undefined when {@link API_KEYS_MAX} are active.
 * @example
 * const db = createKysely(ownerPool)
 * const created = await createApiKey(db, 'the panel')
 * apiKeyId(created!.key) === created!.keyId //=> true
 */
export async function createApiKey(
  db: Kysely<Database>,
  name: string,
  { scopes, expiresAt, allowedNetworks }: ApiKeyLimits = LEAST,
): Promise<NewApiKey | undefined> {
  const made = makeApiKey()
  const activeKeys = db
    .selectFrom('api_keys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]))
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('api_keys')
    .columns(['key_id', 'name', 'key_hash', 'scopes', 'expires_at', 'allowed_networks'])
    .expression(
      db
        .selectNoFrom([
          sql.val(made.keyId).$castTo<string>().as('key_id'),
          sql.val(name).$castTo<string>().as('name'),
          sql.val(hashApiKey(made.key)).$castTo<Buffer>().as('key_hash'),
          sql<string[]>`${[...scopes]}::text[]`.as('scopes'),
          sql<Date | null>`${expiresAt ?? null}::timestamptz`.as('expires_at'),
          sql<string[] | null>`${allowedNetworks === undefined ? null : [...allowedNetworks]}::text[]`.as(
            'allowed_networks',
          ),
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
    .select(['key_id', 'name', 'created_at', 'last_used_at', 'revoked_at', 'scopes', 'expires_at', 'allowed_networks'])
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .execute()
  return rows.map((row) => ({
    keyId: row.key_id,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
    scopes: row.scopes,
    expiresAt: row.expires_at,
    allowedNetworks: row.allowed_networks,
  }))
}

/**
 * Revokes a key. Every process rejects it within a second.
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
