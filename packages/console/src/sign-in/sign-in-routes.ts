import { boundedText } from '@paxyo/contracts'
import { appendAuditEntry, hashToken, newOperatorId, type Database, type Operators } from '@paxyo/database'
import { reject, type PanelApi } from '@paxyo/panel-api-kit'
import { operatorNameSchema } from '@paxyo/panel-client'
import { rejectUnauthenticated } from '@paxyo/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sql, type Kysely, type Selectable } from 'kysely'
import { z } from 'zod'
import { assertionSchema } from './passkey-schemas.ts'
import { offerChallenge, verifyPasskey } from './verify-passkey.ts'
import { auditSignIn, signInEntry, type SignInMethod } from './audit.ts'
import { canKeepSession, isFromOwnPage } from './cookie.ts'
import { senderAddress } from './sender-address.ts'
import { registerProxySignIn } from './proxy-routes.ts'
import { startSession, type SignInDeps } from './start-session.ts'
import { acceptCode } from './totp.ts'

const NAME_LENGTH_MAX = 60
const PASSWORD_LENGTH_MIN = 12
const PASSWORD_LENGTH_MAX = 128
/** `aaaaaaaaaaaa` is long, too. */
const DISTINCT_MIN = 6

export const passwordSchema = z.string().min(1).max(PASSWORD_LENGTH_MAX)
export const codeSchema = boundedText(6, /^\d{6}$/, 'must be 6 digits')

const signInSchema = z.strictObject({
  name: z.string().trim().min(1).max(NAME_LENGTH_MAX),
  password: passwordSchema,
  code: codeSchema.optional(),
  passkey: assertionSchema.optional(),
})

const TOKEN_LENGTH = 43

const acceptLinkSchema = z.strictObject({
  link: z.string().length(TOKEN_LENGTH),
  name: operatorNameSchema.optional(),
  password: passwordSchema,
})

/** Signing in with a password, and choosing one with a link: what is open to anyone. */
export function registerSignIn(api: PanelApi, deps: SignInDeps): void {
  api.addHook('onRequest', async (request, reply) => {
    if (!isFromOwnPage(request)) return reject(reply, 'cross_site_request')
    if (!canKeepSession(request)) return reject(reply, 'https_required')
    const waitS = deps.throttle.waitS(senderAddress(request))
    if (waitS > 0) return reject(reply.header('retry-after', waitS), 'authentication_throttled')
  })
  api.post('/console/api/sign-in', { schema: { body: signInSchema } }, (request, reply) =>
    signIn(deps, request, reply, request.body),
  )
  api.post('/console/api/accept-link', { schema: { body: acceptLinkSchema } }, (request, reply) =>
    acceptLink(deps, request, reply, request.body),
  )
  registerProxySignIn(api, deps)
  registerPasskeySignIn(api, deps)
}

const UNKNOWN = { operatorId: 'unknown' }

async function signIn(
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { name, password, code, passkey }: z.output<typeof signInSchema>,
): Promise<FastifyReply> {
  const { db, passwords, throttle, nameThrottle, codeThrottle } = deps
  const address = senderAddress(request)
  const nameKey = name.toLowerCase()
  const nameWaitS = nameThrottle.waitS(nameKey)
  if (nameWaitS > 0) return reject(reply.header('retry-after', nameWaitS), 'authentication_throttled')
  const operator = await findActive(db, name)
  const isRight = await passwords.verify(password, operator?.password_hash ?? undefined)
  if (isRight === undefined) return reject(reply, 'queue_full')

  const author = operator === undefined ? { ...UNKNOWN, name } : { operatorId: operator.operator_id, name }
  const fail = async (): Promise<FastifyReply> => {
    await auditSignIn(db, request, 'signIn', author, 'sign_in_failed')
    nameThrottle.failed(nameKey, { address: request.ip })
    const detail = 'check what you typed'
    return rejectUnauthenticated(request, reply, { throttle, address, code: 'sign_in_failed', detail })
  }
  if (operator === undefined || !isRight) return fail()
  const waitS = codeThrottle.waitS(operator.operator_id)
  if (waitS > 0) return reject(reply.header('retry-after', waitS), 'authentication_throttled')
  const second = await checkSecondFactor(deps, request, operator, { code, passkey })
  if (second === 'code_required' || second === 'passkey_required') return reject(reply, second)
  if (second === undefined) {
    codeThrottle.failed(operator.operator_id)
    return fail()
  }
  await auditSignIn(db, request, 'signIn', author, 'ok', { method: second })
  return startSession(deps, request, reply, operator.operator_id)
}

type SecondFactor = Pick<z.output<typeof signInSchema>, 'code' | 'passkey'>

/** @returns how the operator signs in, or what is missing; undefined when the code or the passkey is wrong. */
async function checkSecondFactor(
  { db, party }: SignInDeps,
  request: FastifyRequest,
  { operator_id: operatorId, totp_secret: secret }: Selectable<Operators>,
  { code, passkey }: SecondFactor,
): Promise<SignInMethod['method'] | 'code_required' | 'passkey_required' | undefined> {
  if (passkey !== undefined && party !== undefined) {
    const owner = await verifyPasskey(db, request, { party, response: passkey })
    return owner?.operator_id === operatorId ? 'password and passkey' : undefined
  }
  if (secret !== null) {
    if (code === undefined) return 'code_required'
    return (await acceptCode(db, operatorId, secret, code)) ? 'password and code' : undefined
  }
  return (await hasPasskey(db, operatorId)) ? 'passkey_required' : 'password'
}

async function hasPasskey(db: Kysely<Database>, operatorId: string): Promise<boolean> {
  const row = await db
    .selectFrom('operator_passkeys')
    .select('credential_id')
    .where('operator_id', '=', operatorId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

const passkeyBody = z.strictObject({ passkey: assertionSchema })

/** Signing in with a passkey alone, after the authenticator has checked the person. */
function registerPasskeySignIn(api: PanelApi, deps: SignInDeps): void {
  const { db, party, throttle } = deps
  if (party === undefined) return
  api.post('/console/api/sign-in/challenge', (request, reply) => offerChallenge(db, request, reply, party))
  api.post('/console/api/sign-in/passkey', { schema: { body: passkeyBody } }, async (request, reply) => {
    const operator = await verifyPasskey(db, request, { party, response: request.body.passkey })
    if (operator === undefined) {
      await auditSignIn(db, request, 'signIn', { ...UNKNOWN, name: 'passkey' }, 'sign_in_failed')
      const address = senderAddress(request)
      const detail = 'the passkey is not known, or was not checked with a PIN, finger or face'
      return rejectUnauthenticated(request, reply, { throttle, address, code: 'sign_in_failed', detail })
    }
    const { operator_id: operatorId, name } = operator
    await auditSignIn(db, request, 'signIn', { operatorId, name }, 'ok', { method: 'passkey' })
    return startSession(deps, request, reply, operatorId)
  })
}

function findActive(db: Kysely<Database>, name: string): Promise<Selectable<Operators> | undefined> {
  return db
    .selectFrom('operators')
    .selectAll()
    .where(sql`lower(name)`, '=', sql`lower(${name})`)
    .where('disabled_at', 'is', null)
    .where('password_hash', 'is not', null)
    .executeTakeFirst()
}

async function acceptLink(
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { link, name, password }: z.output<typeof acceptLinkSchema>,
): Promise<FastifyReply> {
  const { db, passwords, sessions, throttle } = deps
  const known = await readLink(db, link)
  if (known === undefined) {
    const address = senderAddress(request)
    return rejectUnauthenticated(request, reply, {
      throttle,
      address,
      code: 'link_invalid',
      detail: 'ask for a new one',
    })
  }
  const chosen = known.name ?? name
  if (chosen === undefined) return reject(reply, 'validation_failed', 'name: is required for the first owner')
  if (isWeak(password, chosen)) {
    return reject(reply, 'password_too_weak', `use at least ${PASSWORD_LENGTH_MIN} characters, and not your name`)
  }
  const hash = await passwords.hash(password)
  if (hash === undefined) return reject(reply, 'queue_full')
  try {
    const operatorId = await useLink(db, request, link, { operatorId: known.operator_id, name: chosen, hash })
    await sessions.reload()
    return await startSession(deps, request, reply, operatorId)
  } catch (error) {
    if (error instanceof LinkNotUsed) return reject(reply, error.code)
    throw error
  }
}

function isWeak(password: string, name: string): boolean {
  const isOwnName = password.toLowerCase().includes(name.toLowerCase()) && password.length < 2 * PASSWORD_LENGTH_MIN
  return password.length < PASSWORD_LENGTH_MIN || new Set(password).size < DISTINCT_MIN || isOwnName
}

function readLink(db: Kysely<Database>, link: string) {
  return db
    .selectFrom('operator_links')
    .leftJoin('operators', 'operators.operator_id', 'operator_links.operator_id')
    .select(['operator_links.operator_id', 'operators.name'])
    .where('link_hash', '=', hashToken(link))
    .where('used_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
}

interface Acceptance {
  /** Null creates an owner. */
  readonly operatorId: string | null
  readonly name: string
  readonly hash: string
}

/** Rolls the transaction back, so that the link can be used with another name. */
class LinkNotUsed extends Error {
  readonly code: 'link_invalid' | 'operator_exists'
  constructor(code: 'link_invalid' | 'operator_exists') {
    super(code)
    this.code = code
  }
}

/**
 * Uses a link, once, also when two requests send it at the same time. A new password needs no code and no passkey until one is
 * set up, and ends the operator's sessions.
 *
 * @throws LinkNotUsed when nothing was changed.
 */
function useLink(
  db: Kysely<Database>,
  request: FastifyRequest,
  link: string,
  { operatorId, name, hash }: Acceptance,
): Promise<string> {
  return db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('operator_links')
      .set({ used_at: sql<Date>`now()` })
      .where('link_hash', '=', hashToken(link))
      .where('used_at', 'is', null)
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 0n) throw new LinkNotUsed('link_invalid')
    const id = operatorId ?? newOperatorId()
    if (operatorId === null) {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('operators')
        .values({ operator_id: id, name, role: 'owner', password_hash: hash })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows === 0n) throw new LinkNotUsed('operator_exists')
    } else {
      const password = { password_hash: hash, totp_secret: null, totp_pending: null, totp_step: null }
      await tx.updateTable('operators').set(password).where('operator_id', '=', id).execute()
      await tx.deleteFrom('operator_passkeys').where('operator_id', '=', id).execute()
      await tx.deleteFrom('operator_sessions').where('operator_id', '=', id).execute()
    }
    await appendAuditEntry(tx, signInEntry(request, 'acceptLink', { operatorId: id, name }))
    return id
  })
}
