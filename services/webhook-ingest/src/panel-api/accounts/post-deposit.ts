import { deposit, depositNeeds, type Deposit, type Deposited, type SuccessResponse } from '@paxyo/ledger'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import { depositResponseSchema, depositSchema, type LedgerEntry } from '@paxyo/panel-client'
import {
  type AccountWriteDeps,
  commitAccountWrite,
  idempotencyHeaders,
  operation,
  type PanelApi,
  reject,
  sendResponse,
  userParams,
} from '@paxyo/panel-api-kit'
import { accountView } from './account-view.ts'

/** `POST /v1/accounts/{userId}/deposits`: adds money to an account. The user's browser shows it at once. */
export function registerPostDeposit(api: PanelApi, deps: AccountWriteDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: userParams,
    body: depositSchema,
    ...operation({
      operationId: 'deposit',
      scope: 'deposits:write',
      tag: 'Accounts',
      summary: 'Deposit money into an account',
      description:
        "Requires a `paymentRef`, preferably the payment processor's id for the payment, or an Idempotency-Key, which then serves as the paymentRef. A payment is deposited once: a repeated request gets the first response, with `Idempotent-Replayed: true`.",
      responses: { 201: { description: 'The deposit and the new balance.', schema: depositResponseSchema } },
      errors: [
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
    if (paymentRef === undefined) return reject(reply, 'idempotency_key_missing')
    const payment: Deposit = { userId, amount: parseMoney(text), currency, paymentRef }
    const response = await commitAccountWrite(deps, request, {
      needs: depositNeeds(payment),
      decide(tx) {
        const deposited = deposit(tx, payment)
        return typeof deposited === 'string' ? deposited : toResponse(payment, deposited, tx.rows.epoch)
      },
    })
    const outcome = typeof response === 'string' ? response : response.isReplay ? 'replayed' : response.status
    deps.log.info({ userId, amount: text, paymentRef, outcome }, 'deposit')
    return sendResponse(reply, response)
  })
}

const toResponse = (
  { amount, paymentRef }: Deposit,
  { entryId, account, at, isReplay }: Deposited,
  epoch: string,
): SuccessResponse => {
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
  const audit = { after: { amount: entry.amount, currency: account.currency, paymentRef, balance: entry.balanceAfter } }
  return { status: 201, body, isReplay, audit }
}
