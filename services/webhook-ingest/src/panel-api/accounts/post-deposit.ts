import { currencySchema, encodeEvent, userChannel, type ErrorCode } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { z } from 'zod'
import { sendAnswer, type Answer } from '../kit/answer.ts'
import { commitOnce, idempotentRequest, neededIdempotencyHeaders } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import type { PanelApi, PanelApiDeps } from '../panel-api.ts'
import { readEpoch, userParams } from '../kit/position.ts'
import type { NewId } from '@paxyo/ledger'
import { BALANCE_MAX, type Account } from '@paxyo/ledger'
import type { Changes } from '@paxyo/ledger'
import { readClock } from '@paxyo/ledger'
import { depositAnswerSchema, type LedgerEntry } from './account-schemas.ts'
import { accountView } from './account-view.ts'
import { lockAccounts } from '@paxyo/ledger'

const depositSchema = z.strictObject({
  amount: z
    .string()
    .regex(/^(?!0+(?:\.0+)?$)\d{1,12}(?:\.\d{1,8})?$/, 'must be a decimal string above zero such as "2.50"'),
  currency: currencySchema.describe("The account's own: nothing is converted."),
})

type Deposit = z.output<typeof depositSchema>

/** `POST /v1/accounts/{userId}/deposits`: puts money into an account, and tells the user's browser. */
export function registerPostDeposit(api: PanelApi, deps: PanelApiDeps): void {
  const schema = {
    headers: neededIdempotencyHeaders,
    params: userParams,
    body: depositSchema,
    ...operation({
      operationId: 'deposit',
      tag: 'Accounts',
      summary: 'Put money into an account',
      description: 'Needs an Idempotency-Key, such as the id of the payment: without one it could not be sent again.',
      answers: { 201: { description: 'The money is there.', schema: depositAnswerSchema } },
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
    const answer = await commitOnce(deps, idempotentRequest(request), (client, changes) =>
      deposit(client, changes, userId, request.body, deps.newId),
    )
    const outcome = typeof answer === 'string' ? answer : answer.status
    deps.log.info({ userId, amount: request.body.amount, outcome }, 'deposit')
    return sendAnswer(reply, answer)
  })
}

async function deposit(
  client: PoolClient,
  changes: Changes,
  userId: string,
  { amount: text, currency }: Deposit,
  newId: NewId,
): Promise<{ at: Date; result: Answer | ErrorCode }> {
  const [accounts, at, epoch] = await roundTrip([lockAccounts(client, [userId]), readClock(client), readEpoch(client)])
  const account = accounts.get(userId)
  if (account === undefined) return { at, result: 'account_not_found' }
  if (account.currency !== currency) return { at, result: 'currency_mismatch' }
  const amount = parseMoney(text)
  const balance = account.balance + amount
  if (balance > BALANCE_MAX) return { at, result: 'balance_limit_exceeded' }

  const paid: Account = { ...account, balance, lastSeq: account.lastSeq + 1 }
  const entryId = newId()
  changes.entries.push({ entryId, userId, kind: 'deposit', orderId: null, amount, balanceAfter: balance })
  recordAccountUpdate(changes, paid, at)
  const entry: LedgerEntry = {
    entryId,
    kind: 'deposit',
    amount: formatMoney(amount),
    balanceAfter: formatMoney(balance),
    orderId: null,
    createdAt: at.toISOString(),
  }
  return { at, result: { status: 201, body: { deposit: entry, account: accountView(paid), seq: paid.lastSeq, epoch } } }
}

/** Notes an account whose balance changed, and appends that to its user's stream, at the account's new seq. */
function recordAccountUpdate(changes: Changes, account: Account, at: Date): void {
  const { userId, lastSeq: seq, currency } = account
  changes.accounts.set(userId, account)
  const payload = encodeEvent({
    type: 'event',
    seq,
    event: 'account.updated',
    at: at.toISOString(),
    account: { balance: formatMoney(account.balance), currency },
  })
  changes.events.push({ userId, seq, channel: userChannel(userId), payload })
}
