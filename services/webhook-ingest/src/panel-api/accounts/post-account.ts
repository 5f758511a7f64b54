import { roundTrip } from '@paxyo/database'
import { openAccount, readEpoch } from '@paxyo/ledger'
import { accountResponseSchema, openingSchema } from '@paxyo/panel-client'
import {
  type ApiDeps,
  idempotencyHeaders,
  commitRequest,
  operation,
  type PanelApi,
  sendResponse,
} from '@paxyo/panel-api-kit'
import { accountView } from './account-view.ts'

/** `POST /v1/accounts`: opens an empty account. Registering a user's first order does so, too. */
export function registerPostAccount(api: PanelApi, deps: ApiDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: openingSchema,
    ...operation({
      operationId: 'openAccount',
      scope: 'orders:write',
      tag: 'Accounts',
      summary: "Open a user's account",
      responses: {
        200: { description: 'The account already existed, in the same currency.', schema: accountResponseSchema },
        201: { description: 'The new, empty account.', schema: accountResponseSchema },
      },
      errors: ['currency_mismatch', 'idempotency_key_reused', 'idempotency_key_in_use'],
    }),
  }
  api.post('/v1/accounts', { schema }, async (request, reply) => {
    const { userId, currency } = request.body
    const response = await commitRequest(deps, request, async (tx) => {
      const [opened, epoch] = await roundTrip([openAccount(tx, userId, currency), readEpoch(tx.client)])
      if (typeof opened === 'string') return opened
      const { account, isNew } = opened
      return { status: isNew ? 201 : 200, body: { account: accountView(account), seq: account.lastSeq, epoch } }
    })
    return sendResponse(reply, response)
  })
}
