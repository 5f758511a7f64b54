import { roundTrip } from '@paxyo/database'
import { deposit, type Deposit, type Deposited } from '@paxyo/ledger'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import { depositResponseSchema, depositSchema, type LedgerEntry } from '@paxyo/panel-client'
import { refuse, sendAnswer, type Answer } from '../kit/answer.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { commitOnce, idempotencyHeaders, idempotentRequest } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import { readEpoch, userParams } from '../kit/position.ts'
import { accountView } from './account-view.ts'

/** `POST /v1/accounts/{userId}/deposits`: puts money into an account, and tells the user's browser. */
export function registerPostDeposit(api: PanelApi, deps: ApiDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: userParams,
    body: depositSchema,
    ...operation({
      operationId: 'deposit',
      tag: 'Accounts',
      summary: 'Put money into an account',
      description:
        "Needs a `paymentRef`, best the payment processor's id for the payment, or an Idempotency-Key, which is the paymentRef then. A payment is deposited once: whenever it is repeated, the response is the first one, with `Idempotent-Replayed: true`.",
      answers: { 201: { description: 'The money is there.', schema: depositResponseSchema } },
      refusals: [
        'idempotency_key_missing',
        'account_not_found',
        'currency_mismatch',
        'balance_limit_exceeded',
        'payment_ref_reused',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/accounts/:userId/deposits', { schema }, async (request, reply) => {
    const { userId } = request.params
    const { amount: text, currency } = request.body
    const paymentRef = request.body.paymentRef ?? request.headers['idempotency-key']
    if (paymentRef === undefined) return refuse(reply, 'idempotency_key_missing')
    const wanted: Deposit = { userId, amount: parseMoney(text), currency, paymentRef }
    const answer = await commitOnce(deps, idempotentRequest(request), async (tx) => {
      const [deposited, epoch] = await roundTrip([deposit(tx, wanted), readEpoch(tx.client)])
      return typeof deposited === 'string' ? deposited : toAnswer(wanted, deposited, epoch)
    })
    const outcome = typeof answer === 'string' ? answer : answer.isReplay ? 'replayed' : answer.status
    deps.log.info({ userId, amount: text, paymentRef, outcome }, 'deposit')
    return sendAnswer(reply, answer)
  })
}

const toAnswer = (
  { amount, paymentRef }: Deposit,
  { entryId, account, at, isReplay }: Deposited,
  epoch: string,
): Answer => {
  const entry: LedgerEntry = {
    entryId,
    kind: 'deposit',
    amount: formatMoney(amount),
    balanceAfter: formatMoney(account.balance),
    orderId: null,
    paymentRef,
    createdAt: at.toISOString(),
  }
  const body = { deposit: entry, account: accountView(account), seq: account.lastSeq, epoch }
  return { status: 201, body, isReplay }
}
