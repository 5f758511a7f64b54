import { FINGERPRINT_CHARS, fingerprintText, type SecretKind } from '@paxyo/contracts/data'

const SECRET_BYTES = 32

/** Characters that mean nothing to a URL, a shell or a list. */
export const newSecret = (): string =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The fingerprint that the services report for a secret. */
export async function fingerprintOf(kind: SecretKind, secret: string): Promise<string> {
  const bytes = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes.encode(secret), algorithm, false, ['sign'])
  const digest = new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes.encode(fingerprintText(kind))))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, FINGERPRINT_CHARS)
}
