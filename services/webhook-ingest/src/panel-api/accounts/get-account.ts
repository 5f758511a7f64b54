import { type ApiDeps, operation, type PanelApi, reject, userParams } from '@paxyo/panel-api-kit'
import { findAccount } from '@paxyo/ledger'
import { accountResponseSchema } from '@paxyo/panel-client'
import { accountView } from './account-view.ts'

/** `GET /v1/accounts/{userId}`. */
export function registerGetAccount(api: PanelApi, { pool }: ApiDeps): void {
  const schema = {
    params: userParams,
    ...operation({
      operationId: 'getAccount',
      scope: 'read',
      tag: 'Accounts',
      summary: "Read a user's account",
      responses: { 200: { description: 'The current account.', schema: accountResponseSchema } },
      errors: ['account_not_found'],
    }),
  }
  api.get('/v1/accounts/:userId', { schema }, async (request, reply) => {
    const found = await findAccount(pool, request.params.userId)
    if (found === undefined) return reject(reply, 'account_not_found')
    const { account, epoch } = found
    return reply.send({ account: accountView(account), seq: account.lastSeq, epoch })
  })
}
