import type { Kysely } from 'kysely'
import { timingSafeEqual } from 'node:crypto'
import type { Logger } from 'pino'
import {
  apiKeyId,
  hashApiKey,
  readKeysInForce,
  readRevokedHashes,
  recordKeyUse,
  type Database,
  type KeyInForce,
} from '@paxyo/database'
import { ALL_SCOPES, type Scope } from '@paxyo/panel-client'
import { createAllowList, createSecretSet, createWorker } from '@paxyo/service-kit'
import { ENVIRONMENT_KEY, type Principal } from './principal.ts'

export interface ApiKeyStoreOptions {
  readonly db: Kysely<Database>
  /** Keys from the environment, in any format. */
  readonly keys: readonly string[]
  /** Called with the place of such a key when it was sent. */
  readonly onKeyUsed?: (place: number) => void
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
  readonly log: Logger
}

export interface ApiKeyStore {
  /**
   * Identifies an API key.
   *
   * @param address of the client, for keys that are accepted from some networks only.
   * @returns undefined when the key is unknown, revoked or expired, or not accepted from this address.
   * @throws the database's errors, when the keys have to be loaded.
   */
  authenticate(key: string | undefined, address: string): Promise<Principal | undefined>
  /** Records the last use of keys. */
  close(): Promise<void>
}

/** A revoked key stops working within this time: requests wait when the keys are older. */
const AGE_MS_MAX = 1_000
/** Before that they are loaded again, and in a steady flow no request waits. */
const RELOAD_AGE_MS = 700
const RECORD_INTERVAL_MS = 60_000

/**
 * Keeps the keys in force in memory: a request needs no query, and a flood of wrong keys causes one query at a time.
 * Hashes are compared in constant time.
 *
 * @example
 * const store = createApiKeyStore({ db: createKysely(pool), keys: ['a-key'], log })
 * (await store.authenticate('a-key', '127.0.0.1'))?.id //=> 'environment'
 * await store.authenticate('another', '127.0.0.1') //=> undefined
 * await store.close()
 */
export function createApiKeyStore({
  db,
  keys,
  onKeyUsed,
  now = () => performance.now(),
  log,
}: ApiKeyStoreOptions): ApiKeyStore {
  const isOfEnvironment = createSecretSet(keys, onKeyUsed)
  let keysById = new Map<string, KnownKey>()
  let isRevoked = (_key: string): boolean => false
  let loadedAt = -Infinity
  let reloadedAt = -Infinity
  const used = new Set<string>()
  let recordedAt = now()

  /** Requests that arrive during a load share the next one, which sees the keys in force at that moment. */
  const loader = createWorker({
    run: load,
    backstopMs: Infinity,
    // The requests that wait for the load receive its error.
    onError: () => undefined,
  })

  async function load(): Promise<void> {
    const startedAt = now()
    const [inForce, revoked] = await Promise.all([readKeysInForce(db), readRevokedHashes(db)])
    keysById = new Map(inForce.map((key) => [key.keyId, toKnownKey(key)]))
    isRevoked = (key) => revoked.some((hash) => timingSafeEqual(hash, hashApiKey(key)))
    loadedAt = startedAt
    if (startedAt - recordedAt > RECORD_INTERVAL_MS) await recordUse()
  }

  async function recordUse(): Promise<void> {
    recordedAt = now()
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

  const isFresh = (): boolean => now() - loadedAt < AGE_MS_MAX

  /** Loads the keys before they are too old, without waiting. */
  function reloadInTime(): void {
    if (now() - Math.max(loadedAt, reloadedAt) < RELOAD_AGE_MS) return
    reloadedAt = now()
    loader.wake()
  }

  /** While the database cannot be reached, what was loaded last decides; before the first load, a key may be revoked. */
  async function authenticateOfEnvironment(key: string): Promise<Principal | undefined> {
    if (loadedAt === -Infinity) await loader.runNow()
    else if (isFresh()) reloadInTime()
    else await loader.runNow().catch(() => undefined)
    return isRevoked(key) ? undefined : ENVIRONMENT_KEY
  }

  return {
    async authenticate(key, address) {
      if (key === undefined) return undefined
      if (isOfEnvironment(key)) return authenticateOfEnvironment(key)
      const keyId = apiKeyId(key)
      if (keyId === undefined) return undefined

      const hash = hashApiKey(key)
      if (isFresh() && isInForce(keyId, hash)) reloadInTime()
      else await loader.runNow()
      const known = keysById.get(keyId)
      if (known === undefined || !isInForce(keyId, hash)) return undefined
      if (known.expiresAt !== null && known.expiresAt.getTime() <= Date.now()) return undefined
      if (!known.isAllowed(address)) return undefined
      used.add(keyId)
      return known.principal
    },
    async close() {
      await loader.close()
      await recordUse()
    },
  }
}

interface KnownKey extends Pick<KeyInForce, 'hash' | 'expiresAt'> {
  readonly principal: Principal
  readonly isAllowed: (address: string) => boolean
}

function toKnownKey({ keyId, hash, name, scopes, expiresAt, allowedNetworks }: KeyInForce): KnownKey {
  const known = scopes === null ? ALL_SCOPES : ALL_SCOPES.filter((scope) => scopes.includes(scope))
  return {
    hash,
    expiresAt,
    principal: { kind: 'key', id: keyId, name, scopes: new Set<Scope>(known) },
    isAllowed: allowedNetworks === null ? () => true : createAllowList(allowedNetworks),
  }
}
