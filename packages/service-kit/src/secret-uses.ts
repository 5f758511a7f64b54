import type { AnnouncedSecret } from '@paxyo/contracts'
import { FINGERPRINT_CHARS, fingerprintText, type SecretKind } from '@paxyo/contracts/data'
import { createHmac } from 'node:crypto'

/** A secret that this process knows, without the secret. */
export interface KnownSecret {
  readonly kind: SecretKind
  /** The provider of webhook tokens; empty for other kinds. */
  readonly provider: string
  readonly fingerprint: string
  /** From 0, in its list. */
  readonly place: number
  /** When it was used last, in milliseconds since 1970; undefined when this process has not seen it used. */
  readonly usedAtMs: number | undefined
}

/** Which secrets a process knows and when each was used, so that a person can see when an old one is no longer needed. */
export interface SecretUses {
  /** @returns to be called with the place of the secret that was used; it costs as much as reading the clock. */
  watch(kind: SecretKind, secrets: readonly string[], provider?: string): (place: number) => void
  readonly known: readonly KnownSecret[]
}

/**
 * Creates the record of a process.
 *
 * @example
 * const uses = createSecretUses(() => 1_000)
 * const used = uses.watch('jwt_secrets', ['a-new-secret', 'an-old-secret'])
 * used(1)
 * uses.known.map(({ place, usedAtMs }) => [place, usedAtMs]) //=> [[0, undefined], [1, 1_000]]
 */
export function createSecretUses(now: () => number = Date.now): SecretUses {
  const watched = new Map<string, KnownSecret[]>()
  return {
    watch(kind, secrets, provider = '') {
      const key = `${kind} ${provider}`
      const known = secrets.map((secret, place): KnownSecret => {
        const fingerprint = fingerprintOf(kind, secret)
        return { kind, provider, fingerprint, place, usedAtMs: undefined }
      })
      // Both services of a standalone watch the same secrets.
      const all = watched.get(key) ?? []
      watched.set(key, all)
      const entries = known.map((secret): { usedAtMs: number | undefined } => {
        const entry = all.find(({ fingerprint }) => fingerprint === secret.fingerprint) ?? secret
        if (!all.includes(entry)) all.push(entry)
        return entry
      })
      return (place) => {
        const entry = entries[place]
        if (entry !== undefined) entry.usedAtMs = now()
      }
    },
    get known() {
      return [...watched.values()].flat()
    },
  }
}

/**
 * What a process says of its secrets to others: without the secrets, and with ages, which need no common clock.
 *
 * @example
 * const uses = createSecretUses(() => Date.now() - 5_000)
 * uses.watch('jwt_secrets', ['a-secret'])(0)
 * announcedSecrets(uses)[0]!.usedMsAgo! >= 5_000 //=> true
 */
export const announcedSecrets = ({ known }: Pick<SecretUses, 'known'>): AnnouncedSecret[] =>
  known.map(({ kind, provider, fingerprint, place, usedAtMs }) => ({
    kind,
    provider,
    fingerprint,
    place,
    usedMsAgo: usedAtMs === undefined ? null : Math.max(0, Date.now() - usedAtMs),
  }))

/**
 * A few characters by which a person recognizes a secret.
 *
 * @example
 * fingerprintOf('jwt_secrets', 'a-secret').length //=> 6
 */
export const fingerprintOf = (kind: SecretKind, secret: string): string =>
  createHmac('sha256', secret).update(fingerprintText(kind)).digest('hex').slice(0, FINGERPRINT_CHARS)
