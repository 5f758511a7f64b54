import type { Kysely } from 'kysely'
import { timingSafeEqual } from 'node:crypto'
import type { Logger } from 'pino'
import { apiKeyId, hashApiKey, readKeysInForce, recordKeyUse, type Database, type KeyInForce } from '@paxyo/database'
import { createSecretSet, createWorker } from '@paxyo/service-kit'

export interface ApiKeyStoreOptions {
  readonly db: Kysely<Database>
  /** Keys from the environment, in any format. */
  readonly keys: readonly string[]
  readonly log: Logger
}

export interface ApiKeyStore {
  /**
   * Identifies an API key.
   *
   * @returns its public part, or `environment`; undefined when the key is unknown or revoked.
   * @throws the database's errors, when the keys have to be loaded.
   */
  authenticate(key: string | undefined): Promise<string | undefined>
  /** The name of an authenticated key, for the log; its id when it has none. */
  nameOf(keyId: string): string
  /** Records the last use of keys. */
  close(): Promise<void>
}

/** A revoked key stops working within this time. */
const RELOAD_INTERVAL_MS = 1_000
const RECORD_INTERVAL_MS = 60_000

/**
 * Keeps the keys in force in memory: a request needs no query, and a flood of wrong keys causes one query at a time.
 * Hashes are compared in constant time.
 */
export function createApiKeyStore({ db, keys, log }: ApiKeyStoreOptions): ApiKeyStore {
  const isOfEnvironment = createSecretSet(keys)
  let keysById = new Map<string, KeyInForce>()
  let loadedAt = -Infinity
  const used = new Set<string>()
  let recordedAt = performance.now()

  /** Requests that arrive during a load share the next one, which sees the keys in force at that moment. */
  const loader = createWorker({
    run: load,
    backstopMs: Infinity,
    // The requests that wait for the load receive its error.
    onError: () => undefined,
  })

  async function load(): Promise<void> {
    const startedAt = performance.now()
    const inForce = await readKeysInForce(db)
    keysById = new Map(inForce.map((key) => [key.keyId, key]))
    loadedAt = startedAt
    if (startedAt - recordedAt > RECORD_INTERVAL_MS) await recordUse()
  }

  async function recordUse(): Promise<void> {
    recordedAt = performance.now()
    const keyIds = [...used]
    used.clear()
    try {
      await recordKeyUse(db, keyIds)
    } catch (error) {
      log.warn({ err: error }, 'last use of API keys not recorded')
    }
  }

  function isInForce(keyId: string, hash: Buffer): boolean {
    const known = keysById.get(keyId)
    return known !== undefined && timingSafeEqual(known.hash, hash)
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
    nameOf: (keyId) => keysById.get(keyId)?.name ?? keyId,
    async close() {
      await loader.close()
      await recordUse()
    },
  }
}
