import { roundTrip } from '@paxyo/database'
import { deposit, type Deposited } from '@paxyo/ledger'
import { formatMoney, parseMoney, type Money } from '@paxyo/order-core'
import { depositResponseSchema, depositSchema, type LedgerEntry } from '@paxyo/panel-client'
import { sendAnswer, type Answer } from '../kit/answer.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { commitOnce, idempotentRequest, neededIdempotencyHeaders } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import { readEpoch, userParams } from '../kit/position.ts'
import { accountView } from './account-view.ts'

/** `POST /v1/accounts/{userId}/deposits`: puts money into an account, and tells the user's browser. */
export function registerPostDeposit(api: PanelApi, deps: ApiDeps): void {
  const schema = {
    headers: neededIdempotencyHeaders,
    params: userParams,
    body: depositSchema,
    ...operation({
      operationId: 'deposit',
      tag: 'Accounts',
      summary: 'Put money into an account',
      description: 'Needs an Idempotency-Key, such as the id of the payment: without one it could not be sent again.',
      answers: { 201: { description: 'The money is there.', schema: depositResponseSchema } },
      refusals: [
        'idempotency_key_missing',
        'account_not_found',
        'currency_mismatch',
        'balance_limit_exceeded',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/accounts/:userId/deposits', { schema }, async (request, reply) => {
    const { userId } = request.params
    const { amount: text, currency } = request.body
    const amount = parseMoney(text)
    const answer = await commitOnce(deps, idempotentRequest(request), async (tx) => {
      const [deposited, epoch] = await roundTrip([deposit(tx, { userId, amount, currency }), readEpoch(tx.client)])
      return typeof deposited === 'string' ? deposited : toAnswer(deposited, amount, epoch)
    })
    const outcome = typeof answer === 'string' ? answer : answer.status
    deps.log.info({ userId, amount: text, outcome }, 'deposit')
    return sendAnswer(reply, answer)
  })
}

const toAnswer = ({ entryId, account, at }: Deposited, amount: Money, epoch: string): Answer => {
  const entry: LedgerEntry = {
    entryId,
    kind: 'deposit',
    amount: formatMoney(amount),
    balanceAfter: formatMoney(account.balance),
    orderId: null,
    createdAt: at.toISOString(),
  }
  return { status: 201, body: { deposit: entry, account: accountView(account), seq: account.lastSeq, epoch } }
}
