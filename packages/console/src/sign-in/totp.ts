import type { Database } from '@paxyo/database'
import type { Kysely } from 'kysely'
import { Secret, TOTP } from 'otpauth'

// One-time codes of authenticator apps (RFC 6238). A code is accepted once, also when two requests send it at the same time.

const ISSUER = 'Paxyo'
const PERIOD_S = 30
/** Codes of the step before and after, for clocks that differ. */
const WINDOW = 1
const SECRET_BYTES = 20

export const newTotpSecret = (): Buffer => Buffer.from(new Secret({ size: SECRET_BYTES }).bytes)

/** What an authenticator app reads, as text and as the address in a QR code. */
export function describeTotp(secret: Buffer, name: string): { readonly secret: string; readonly uri: string } {
  const totp = totpOf(secret, name)
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/**
 * Accepts a code, once.
 *
 * @returns false when it is wrong, or when it or a later one was accepted before.
 */
export async function acceptCode(
  db: Kysely<Database>,
  operatorId: string,
  secret: Buffer,
  code: string,
): Promise<boolean> {
  const timestamp = Date.now()
  const delta = totpOf(secret, '').validate({ token: code, timestamp, window: WINDOW })
  if (delta === null) return false
  const step = Math.floor(timestamp / 1_000 / PERIOD_S) + delta
  const { numUpdatedRows } = await db
    .updateTable('operators')
    .set({ totp_step: step })
    .where('operator_id', '=', operatorId)
    .where((where) => where.or([where('totp_step', 'is', null), where('totp_step', '<', step)]))
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

const totpOf = (secret: Buffer, label: string): TOTP =>
  new TOTP({ issuer: ISSUER, label, period: PERIOD_S, secret: new Secret({ buffer: new Uint8Array(secret).buffer }) })
