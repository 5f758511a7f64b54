import { hashToken, makeToken, type Database, type OperatorPasskeys, type Operators } from '@paxyo/database'
import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sql, type Kysely, type Selectable } from 'kysely'
import type { z } from 'zod'
import { challengeCookie, challengeToken } from './cookie.ts'
import { storeChallenge, takeChallenge } from './challenges.ts'
import type { assertionSchema } from './passkey-schemas.ts'

/** Loaded with the first passkey: no start needs it. */
export const loadWebauthn = () => import('@simplewebauthn/server')

/** The page that passkeys belong to. */
export interface RelyingParty {
  /** The console's origin, such as `https://panel.example`. */
  readonly origin: string
  /** Its host: passkeys work on this host and below it. */
  readonly id: string
}

export const toRelyingParty = (origin: string): RelyingParty => ({
  origin: new URL(origin).origin,
  id: new URL(origin).hostname,
})

export interface PasskeyCheck {
  readonly party: RelyingParty
  readonly response: z.output<typeof assertionSchema>
}

/** Options for the browser of a person who signs in. The challenge belongs to this browser, by a cookie. */
export async function offerChallenge(
  db: Kysely<Database>,
  request: FastifyRequest,
  reply: FastifyReply,
  { id }: RelyingParty,
): Promise<FastifyReply> {
  const { generateAuthenticationOptions } = await loadWebauthn()
  const options = await generateAuthenticationOptions({ rpID: id, userVerification: 'required' })
  const { token, hash } = makeToken()
  await storeChallenge(db, hash, options.challenge)
  return reply.header('set-cookie', challengeCookie(request, token)).send(options)
}

/**
 * Checks the response of an authenticator: challenge, origin, host, signature, counter, and that it has checked the person by a
 * PIN, a finger or a face. The challenge is used up.
 *
 * @returns the operator; undefined when anything is wrong.
 */
export async function verifyPasskey(
  db: Kysely<Database>,
  request: FastifyRequest,
  { party, response }: PasskeyCheck,
): Promise<Selectable<Operators> | undefined> {
  const token = challengeToken(request)
  const challenge = token === undefined ? undefined : await takeChallenge(db, hashToken(token))
  const passkey = await readPasskey(db, response.id)
  if (challenge === undefined || passkey === undefined) return undefined
  const count = await newCount(passkey, challenge, { party, response })
  if (count === undefined || !(await recordUse(db, passkey.credential_id, count))) return undefined
  return db
    .selectFrom('operators')
    .selectAll()
    .where('operator_id', '=', passkey.operator_id)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
}

function readPasskey(db: Kysely<Database>, id: string): Promise<Selectable<OperatorPasskeys> | undefined> {
  return db.selectFrom('operator_passkeys').selectAll().where('credential_id', '=', id).executeTakeFirst()
}

async function newCount(
  { credential_id: id, public_key: key, sign_count: counter }: Selectable<OperatorPasskeys>,
  expectedChallenge: string,
  { party, response }: PasskeyCheck,
): Promise<number | undefined> {
  const { verifyAuthenticationResponse } = await loadWebauthn()
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      credential: { id, publicKey: new Uint8Array(key), counter },
      requireUserVerification: true,
    })
    return verified ? authenticationInfo.newCounter : undefined
  } catch {
    // The library throws for whatever does not fit, such as another origin or a counter that went back.
    return undefined
  }
}

/** @returns false when another request has used the same count: two authenticators have the key. */
async function recordUse(db: Kysely<Database>, id: string, count: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('operator_passkeys')
    .set({ sign_count: count, last_used_at: sql<Date>`now()` })
    .where('credential_id', '=', id)
    .where((where) =>
      where.or([where('sign_count', '<', count), sql<boolean>`sign_count = 0 AND ${count}::bigint = 0`]),
    )
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}
