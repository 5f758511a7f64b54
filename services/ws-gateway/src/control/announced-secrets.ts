import type { AnnouncedSecret } from '@paxyo/contracts'
import type { SecretUses } from '@paxyo/service-kit'

/** The secrets that a gateway knows, as it announces them: without the secrets, and with ages, which need no common clock. */
export const announcedSecrets = ({ known }: SecretUses): AnnouncedSecret[] =>
  known.map(({ kind, provider, fingerprint, place, usedAtMs }) => ({
    kind,
    provider,
    fingerprint,
    place,
    usedMsAgo: usedAtMs === undefined ? null : Math.max(0, Date.now() - usedAtMs),
  }))
