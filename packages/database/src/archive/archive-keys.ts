/**
 * The archive encrypts the bodies of a user's deliveries with a key of the user, which is in the database only. An erasure destroys the
 * key, so that no file has to be found and written again.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Pool } from 'pg'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

export interface ArchiveKey {
  readonly key_id: string
  readonly key: Buffer
}

// A user who is erased meanwhile has no account any more, and the statement fails.
const CREATE = `
  INSERT INTO archive_keys (key_id, user_id, key)
  SELECT gen_random_uuid(), user_id, key FROM unnest($1::text[], $2::bytea[]) AS new (user_id, key)
  ON CONFLICT (user_id) DO NOTHING`
const READ_OF_USERS = `SELECT user_id, key_id, key FROM archive_keys WHERE user_id = ANY($1::text[])`
const READ = `SELECT key_id, key FROM archive_keys WHERE key_id = ANY($1::uuid[]) AND key IS NOT NULL`

/** The keys of users, by their ids; those that are missing are created. */
export async function provideArchiveKeys(pool: Pool, userIds: readonly string[]): Promise<Map<string, ArchiveKey>> {
  if (userIds.length === 0) return new Map()
  await pool.query(CREATE, [userIds, userIds.map(() => randomBytes(KEY_BYTES))])
  const { rows } = await pool.query<ArchiveKey & { user_id: string }>(READ_OF_USERS, [userIds])
  return new Map(rows.map((row) => [row.user_id, row]))
}

/** The keys that were not destroyed, by their ids. */
export async function readArchiveKeys(pool: Pool, keyIds: readonly string[]): Promise<Map<string, Buffer>> {
  const { rows } = await pool.query<ArchiveKey>(READ, [keyIds])
  return new Map(rows.map((row) => [row.key_id, row.key]))
}

/** @param id is authenticated with the text, so that it cannot be moved to another delivery. */
export function seal(key: Buffer, id: string, text: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(id))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
}

/** @throws when the key is another one, or the text was changed. */
export function unseal(key: Buffer, id: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
  decipher.setAAD(Buffer.from(id)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}
