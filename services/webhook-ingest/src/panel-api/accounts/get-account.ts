import type { Database } from '@paxyo/database'
import type { Kysely } from 'kysely'
import { type ApiDeps, operation, type PanelApi, reject, userParams } from '@paxyo/panel-api-kit'
import type { Account } from '@paxyo/ledger'
import { toAccount } from '@paxyo/ledger'
import { accountResponseSchema } from '@paxyo/panel-client'
import { accountView } from './account-view.ts'

/** `GET /v1/accounts/{userId}`. */
export function registerGetAccount(api: PanelApi, { db }: ApiDeps): void {
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
    const found = await findAccount(db, request.params.userId)
    if (found === undefined) return reject(reply, 'account_not_found')
    const { account, epoch } = found
    return reply.send({ account: accountView(account), seq: account.lastSeq, epoch })
  })
}

/** Reads a user's account and the epoch that its seq belongs to. */
export async function findAccount(
  db: Kysely<Database>,
  userId: string,
): Promise<{ account: Account; epoch: string } | undefined> {
  const row = await db
    .selectFrom('accounts')
    .innerJoin('stream_epoch', (join) => join.onTrue())
    .select(['user_id', 'currency', 'balance', 'balance_mode', 'last_seq', 'epoch'])
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return row && { account: toAccount(row), epoch: row.epoch }
}
