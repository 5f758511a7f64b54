import { eraseUser, previewErasure } from '@paxyo/ledger'
import {
  auditedRequest,
  describeChange,
  idempotencyHeaders,
  operation,
  reject,
  userParams,
  type ApiDeps,
  type PanelApi,
} from '@paxyo/panel-api-kit'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import { erasedUserSchema, eraseUserSchema } from '@paxyo/panel-client'

/**
 * Adds `POST /v1/users/{userId}/erase` to the panel API.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * registerErasureRoute(api, { ...ledger, db: createKysely(pool), log })
 * const url = '/v1/users/unknown/erase'
 * (await api.inject({ method: 'POST', url, payload: { dryRun: true } })).json().code //=> 'account_not_found'
 */
export function registerErasureRoute(api: PanelApi, deps: ApiDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: userParams,
    body: eraseUserSchema,
    ...operation({
      operationId: 'eraseUser',
      scope: 'erase',
      tag: 'Accounts',
      summary: 'Erase a user',
      description:
        'Puts a random pseudonym in the place of the user everywhere, for good, and deletes the links of the orders and what ' +
        'providers sent about them; also in the archive, by destroying its key of the user. Amounts, order ids and the order ' +
        'of the ledger stay. Revokes the tokens of the user. Later refunds go to the pseudonym. Send `dryRun` first.',
      responses: { 200: { description: 'It is done, or counted.', schema: erasedUserSchema } },
      errors: ['account_not_found'],
    }),
  }
  api.post('/v1/users/:userId/erase', { schema }, async (request, reply) => {
    const { userId } = request.params
    const counted = await previewErasure(deps.pool, userId)
    if (counted === undefined) {
      // A request that is repeated must not name the user again.
      describeChange(request, { subject: 'user without an account' })
      return reject(reply, 'account_not_found')
    }
    const view = { ...counted, balance: formatMoney(parseMoney(counted.balance)) }
    if (request.body.dryRun) return reply.send({ erasureId: null, pseudonym: null, ...view })
    const { actor, actorName, address } = auditedRequest(request)
    const erased = await eraseUser(deps, { userId, actor, actorName, address })
    if (erased === undefined) return reject(reply, 'account_not_found')
    deps.log.info({ ...erased, keyId: actor }, 'user erased')
    return reply.send({ ...erased, ...view })
  })
}
