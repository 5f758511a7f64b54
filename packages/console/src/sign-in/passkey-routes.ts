import { appendAuditEntry, hashToken, type Database, type Operator } from '@paxyo/database'
import { boundedText } from '@paxyo/contracts'
import { reject, type PanelApi } from '@paxyo/panel-api-kit'
import type { RegistrationResponseJSON, VerifiedRegistrationResponse } from '@simplewebauthn/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { signInEntry } from './audit.ts'
import { checkPassword } from './check-password.ts'
import { sessionToken } from './cookie.ts'
import { passwordSchema } from './sign-in-routes.ts'
import type { SignInDeps } from './start-session.ts'
import { storeChallenge, takeChallenge } from './challenges.ts'
import { attestationSchema } from './passkey-schemas.ts'
import { loadWebauthn, type RelyingParty } from './verify-passkey.ts'

const PASSKEYS_MAX = 20
const passwordBody = z.strictObject({ password: passwordSchema })
const addBody = z.strictObject({
  name: boundedText(60, /^\s*[^\s\0][^\0]*$/, 'must not be empty').transform((name) => name.trim()),
  response: attestationSchema,
})
const idParams = z.object({ passkeyId: boundedText(1_400, /^[\w-]+$/, 'must be base64url') })

type OperatorOf = (request: FastifyRequest) => Operator

/** An operator's own passkeys: list, add and remove. Adding and removing need the password. */
export function registerPasskeys(api: PanelApi, deps: SignInDeps, operatorOf: OperatorOf): void {
  const { db, party } = deps
  api.get('/console/api/passkeys', async (request, reply) => {
    const rows = await passkeysOf(db, operatorOf(request))
    const data = rows.map(({ credential_id: passkeyId, name, created_at: createdAt, last_used_at: lastUsedAt }) => ({
      passkeyId,
      name,
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
    }))
    return reply.send({ data, isAvailable: party !== undefined })
  })
  if (party === undefined) return
  api.post('/console/api/passkeys/options', { schema: { body: passwordBody } }, (request, reply) =>
    offerRegistration(deps, party, request, reply, { operator: operatorOf(request), ...request.body }),
  )
  api.post('/console/api/passkeys', { schema: { body: addBody } }, (request, reply) =>
    addPasskey(deps, party, request, reply, { operator: operatorOf(request), ...request.body }),
  )
  api.post(
    '/console/api/passkeys/:passkeyId/remove',
    { schema: { params: idParams, body: passwordBody } },
    (request, reply) =>
      removePasskey(deps, request, reply, { operator: operatorOf(request), ...request.params, ...request.body }),
  )
}

function passkeysOf(db: Kysely<Database>, { operatorId }: Operator) {
  return db
    .selectFrom('operator_passkeys')
    .selectAll()
    .where('operator_id', '=', operatorId)
    .orderBy('created_at')
    .limit(PASSKEYS_MAX)
    .execute()
}

interface WithPassword {
  readonly operator: Operator
  readonly password: string
}

/** The challenge belongs to the session. */
async function offerRegistration(
  deps: SignInDeps,
  { id }: RelyingParty,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, password }: WithPassword,
): Promise<FastifyReply> {
  if (!(await checkPassword(deps, request, reply, { operator, action: 'addPasskey', password }))) return reply
  const known = await passkeysOf(deps.db, operator)
  if (known.length >= PASSKEYS_MAX) return reject(reply, 'validation_failed', `at most ${PASSKEYS_MAX} passkeys`)
  const { generateRegistrationOptions } = await loadWebauthn()
  const options = await generateRegistrationOptions({
    rpName: 'Paxyo',
    rpID: id,
    userName: operator.name,
    userID: new Uint8Array(Buffer.from(operator.operatorId)),
    excludeCredentials: known.map(({ credential_id: credentialId }) => ({ id: credentialId })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  const binding = hashToken(sessionToken(request)!)
  await takeChallenge(deps.db, binding)
  await storeChallenge(deps.db, binding, options.challenge)
  return reply.send(options)
}

interface NewPasskey {
  readonly operator: Operator
  readonly name: string
  readonly response: z.output<typeof attestationSchema>
}

async function addPasskey(
  { db }: SignInDeps,
  party: RelyingParty,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, name, response }: NewPasskey,
): Promise<FastifyReply> {
  const challenge = await takeChallenge(db, hashToken(sessionToken(request)!))
  const registered = challenge && (await verify(party, challenge, response as RegistrationResponseJSON))
  if (!registered) return reject(reply, 'validation_failed', 'the passkey does not fit: begin again')
  const { id, publicKey, counter, transports = [] } = registered.credential
  const isNew = await db.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('operator_passkeys')
      .values({
        credential_id: id,
        operator_id: operator.operatorId,
        public_key: Buffer.from(publicKey),
        sign_count: counter,
        transports: [...transports],
        name,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows === 0n) return false
    await appendAuditEntry(tx, { ...signInEntry(request, 'addPasskey', operator), note: name })
    return true
  })
  return isNew ? reply.send({}) : reject(reply, 'validation_failed', 'this passkey is known already')
}

async function verify(
  { origin, id }: RelyingParty,
  expectedChallenge: string,
  response: RegistrationResponseJSON,
): Promise<VerifiedRegistrationResponse['registrationInfo']> {
  const { verifyRegistrationResponse } = await loadWebauthn()
  try {
    const result = await verifyRegistrationResponse({
      response,
      expectedChallenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
    })
    return result.registrationInfo
  } catch {
    // The library throws for whatever does not fit, such as another origin.
    return undefined
  }
}

async function removePasskey(
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, passkeyId, password }: WithPassword & { readonly passkeyId: string },
): Promise<FastifyReply> {
  if (!(await checkPassword(deps, request, reply, { operator, action: 'removePasskey', password }))) return reply
  const isRemoved = await deps.db.transaction().execute(async (tx) => {
    const row = await tx
      .deleteFrom('operator_passkeys')
      .where('credential_id', '=', passkeyId)
      .where('operator_id', '=', operator.operatorId)
      .returning('name')
      .executeTakeFirst()
    if (row === undefined) return false
    await appendAuditEntry(tx, { ...signInEntry(request, 'removePasskey', operator), note: row.name })
    return true
  })
  return isRemoved ? reply.send({}) : reject(reply, 'not_found')
}
