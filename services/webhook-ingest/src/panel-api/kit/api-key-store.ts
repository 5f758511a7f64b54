import { sql, type Kysely } from 'kysely'
import { timingSafeEqual } from 'node:crypto'
import type { Logger } from 'pino'
import { API_KEYS_MAX, apiKeyId, hashApiKey, type Database } from '@paxyo/database'
import { createSecretSet, createWorker } from '@paxyo/service-kit'

export interface ApiKeyStoreOptions {
  readonly db: Kysely<Database>
  /** Keys of the environment, of any form. */
  readonly keys: readonly string[]
  readonly log: Logger
}

export interface ApiKeyStore {
  /**
   * Says whose key this is.
   *
   * @returns its public part, or `environment`; undefined when it is none that is in force.
   * @throws the database's errors, when it must be asked and can't be.
   */
  authenticate(key: string | undefined): Promise<string | undefined>
  /** Notes down what was used last. */
  close(): Promise<void>
}

/** A revoked key works for no longer than this. */
const RELOAD_INTERVAL_MS = 1_000
const NOTE_INTERVAL_MS = 60_000

/**
 * The keys in force, kept in memory: a request costs no query, and a flood of wrong keys costs one at a time. Hashes are
 * compared in a time that tells nothing about them.
 */
export function createApiKeyStore({ db, keys, log }: ApiKeyStoreOptions): ApiKeyStore {
  const isOfEnvironment = createSecretSet(keys)
  let hashesByKeyId = new Map<string, Buffer>()
  let loadedAt = -Infinity
  const used = new Set<string>()
  let notedAt = performance.now()

  /** Whoever asks during a load shares the one after it, which sees what is in force at that moment. */
  const loader = createWorker({
    run: load,
    backstopMs: Infinity,
    // Those who asked for it receive its error.
    onError: () => undefined,
  })

  async function load(): Promise<void> {
    const startedAt = performance.now()
    const rows = await db
      .selectFrom('api_keys')
      .select(['key_id', 'key_hash'])
      .where('revoked_at', 'is', null)
      .limit(API_KEYS_MAX)
      .execute()
    hashesByKeyId = new Map(rows.map((row) => [row.key_id, row.key_hash]))
    loadedAt = startedAt
    if (startedAt - notedAt > NOTE_INTERVAL_MS) await noteUsed()
  }

  async function noteUsed(): Promise<void> {
    notedAt = performance.now()
    const keyIds = [...used]
    used.clear()
    if (keyIds.length === 0) return
    try {
      await db
        .updateTable('api_keys')
        .set({ last_used_at: sql`now()` })
        .where('key_id', 'in', keyIds)
        .execute()
    } catch (error) {
      log.warn({ err: error }, 'the last use of API keys was not noted')
    }
  }

  function isInForce(keyId: string, hash: Buffer): boolean {
    const known = hashesByKeyId.get(keyId)
    return known !== undefined && timingSafeEqual(known, hash)
  }

  return {
    async authenticate(key) {
      if (key === undefined) return undefined
      if (isOfEnvironment(key)) return 'environment'
      const keyId = apiKeyId(key)
      if (keyId === undefined) return undefined

      const hash = hashApiKey(key)
      const isFresh = performance.now() - loadedAt < RELOAD_INTERVAL_MS
      if (!isFresh || !isInForce(keyId, hash)) await loader.runNow()
      if (!isInForce(keyId, hash)) return undefined
      used.add(keyId)
      return keyId
    },
    async close() {
      await loader.close()
      await noteUsed()
    },
  }
}
