import { appendAuditEntry, type Operator } from '@paxyo/database'
import { reject, type PanelApi } from '@paxyo/panel-api-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { signInEntry } from './audit.ts'
import { checkPassword, readOperator, rejectAttempt, waitOf } from './check-password.ts'
import { codeSchema, passwordSchema } from './sign-in-routes.ts'
import type { SignInDeps } from './start-session.ts'
import { acceptCode, describeTotp, newTotpSecret } from './totp.ts'

const passwordBody = z.strictObject({ password: passwordSchema })
const codeBody = z.strictObject({ code: codeSchema })

/** Sets one-time codes up, and switches them off: both need the password. */
export function registerTotp(api: PanelApi, deps: SignInDeps, operatorOf: (request: FastifyRequest) => Operator): void {
  const { db } = deps
  api.post('/console/api/totp', { schema: { body: passwordBody } }, async (request, reply) => {
    const operator = operatorOf(request)
    const { operatorId, name, hasTotp } = operator
    if (hasTotp) return reject(reply, 'validation_failed', 'one-time codes are set up already; switch them off first')
    const { password } = request.body
    if (!(await checkPassword(deps, request, reply, { operator, action: 'setUpCodes', password }))) return reply
    const secret = newTotpSecret()
    await db.updateTable('operators').set({ totp_pending: secret }).where('operator_id', '=', operatorId).execute()
    return reply.send(describeTotp(secret, name))
  })
  api.post('/console/api/totp/check', { schema: { body: codeBody } }, (request, reply) =>
    checkFirstCode(deps, request, reply, { operator: operatorOf(request), code: request.body.code }),
  )
  api.post('/console/api/totp/off', { schema: { body: passwordBody } }, (request, reply) =>
    switchCodesOff(deps, request, reply, { operator: operatorOf(request), password: request.body.password }),
  )
}

/** The first code shows that the app has the key: from now on, signing in needs a code. */
async function checkFirstCode(
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, code }: { readonly operator: Operator; readonly code: string },
): Promise<FastifyReply> {
  const { db, sessions } = deps
  const { operatorId } = operator
  const waitS = waitOf(deps, request, operator)
  if (waitS > 0) return reject(reply.header('retry-after', waitS), 'authentication_throttled')
  const row = await readOperator(db, operatorId)
  const secret = row?.totp_pending ?? null
  if (secret === null || !(await acceptCode(db, operatorId, secret, code))) {
    return rejectAttempt(deps, request, reply, { operator, action: 'setUpCodes', detail: 'the code is wrong' })
  }
  await db.transaction().execute(async (tx) => {
    const set = { totp_secret: secret, totp_pending: null }
    await tx.updateTable('operators').set(set).where('operator_id', '=', operatorId).execute()
    await appendAuditEntry(tx, signInEntry(request, 'setUpCodes', operator))
  })
  await sessions.reload()
  return reply.send({})
}

async function switchCodesOff(
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, password }: { readonly operator: Operator; readonly password: string },
): Promise<FastifyReply> {
  const { db, sessions } = deps
  const { operatorId } = operator
  if (!(await checkPassword(deps, request, reply, { operator, action: 'switchCodesOff', password }))) return reply
  await db.transaction().execute(async (tx) => {
    const set = { totp_secret: null, totp_pending: null, totp_step: null }
    await tx.updateTable('operators').set(set).where('operator_id', '=', operatorId).execute()
    await appendAuditEntry(tx, signInEntry(request, 'switchCodesOff', operator))
  })
  await sessions.reload()
  return reply.send({})
}
