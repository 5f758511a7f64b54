import { toOperator, type Database, type Operator } from '@paxyo/database'
import { reject, type PanelApi } from '@paxyo/panel-api-kit'
import { sql, type Kysely } from 'kysely'
import { auditSignIn } from './audit.ts'
import { startSession, type SignInDeps } from './start-session.ts'

/**
 * Signs in the person that a single sign-on proxy names. `GET /console/api/sign-in` says whom the proxy names, so that the page
 * can tell a person who is no operator what to do.
 */
export function registerProxySignIn(api: PanelApi, deps: SignInDeps): void {
  const { db, trustedHeader, party } = deps
  const hasPasskeys = party !== undefined
  api.get('/console/api/sign-in', async (request, reply) => {
    const name = trustedHeader?.nameOf(request)
    if (name === undefined) return reply.send({ proxyUser: null, hasPasskeys })
    return reply.send({ proxyUser: { name, isOperator: (await findOperator(db, name)) !== undefined }, hasPasskeys })
  })
  api.post('/console/api/sign-in/proxy', async (request, reply) => {
    const name = trustedHeader?.nameOf(request)
    if (name === undefined) return reject(reply, 'unauthorized', 'the request has no name from a trusted proxy')
    const operator = await findOperator(db, name)
    if (operator === undefined) {
      await auditSignIn(db, request, 'signIn', { operatorId: 'unknown', name }, 'not_an_operator')
      return reject(reply, 'not_an_operator', `an owner must invite ${name} first`)
    }
    await auditSignIn(db, request, 'signIn', operator, 'ok', { method: 'proxy' })
    return startSession(deps, request, reply, operator.operatorId)
  })
}

/** Also one who was invited and has no password yet: the proxy has authenticated the person. */
async function findOperator(db: Kysely<Database>, name: string): Promise<Operator | undefined> {
  const row = await db
    .selectFrom('operators')
    .selectAll()
    .where(sql`lower(name)`, '=', sql`lower(${name})`)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
  return row && toOperator(row)
}
