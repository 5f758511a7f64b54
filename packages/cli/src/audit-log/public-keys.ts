import { auditSigningKey } from '@paxyo/database'
import { settings, type Environment } from '../settings.ts'

/** The keys that may have signed the audit log, in base64url: those of the secrets, and those that were given. */
export async function knownPublicKeys(env: Environment): Promise<string[]> {
  const { AUDIT_SIGNING_KEYS: secrets, AUDIT_PUBLIC_KEYS: given } = await settings(env, [
    'AUDIT_SIGNING_KEYS',
    'AUDIT_PUBLIC_KEYS',
  ])
  return [...secrets.map((secret) => auditSigningKey(secret).publicKey), ...given]
}
