import { identifierSchema } from '@paxyo/contracts'
import { copyAccounts, parseFeedCursor } from '@paxyo/ledger'
import { accountPageSchema, copyAccountsQuery } from '@paxyo/panel-client'
import {
  type ApiDeps,
  decodeCursor,
  operation,
  type PanelApi,
  reject,
  type RejectCursor,
  toPage,
} from '@paxyo/panel-api-kit'
import { z } from 'zod'
import { accountView } from './account-view.ts'

const cursorSchema = z.tuple([identifierSchema])

const COPY_HINT = 'copy the orders and the accounts again from the first page'

/** `GET /v1/accounts`: all accounts, to copy their balances. */
export function registerCopyAccounts(
  api: PanelApi,
  { pool, rejectCursor }: ApiDeps & { readonly rejectCursor: RejectCursor },
): void {
  const schema = {
    querystring: copyAccountsQuery,
    ...operation({
      operationId: 'copyAccounts',
      scope: 'read',
      tag: 'Accounts',
      summary: 'Copy all accounts',
      description: 'All pages together with the changes after `changesCursor` miss nothing. Erased users are left out.',
      responses: {
        200: { description: 'A page of accounts, each with the end of its stream.', schema: accountPageSchema },
      },
      errors: ['invalid_cursor', 'cursor_void'],
    }),
  }
  api.get('/v1/accounts', { schema }, async (request, reply) => {
    const { cursor, limit, changesCursor: text } = request.query
    const changesCursor = parseFeedCursor(text)
    const after = cursor === undefined ? [undefined] : decodeCursor(cursorSchema, cursor)
    if (changesCursor === undefined || after === undefined) return reject(reply, 'invalid_cursor')
    const accounts = await copyAccounts(pool, { changesCursor, after: after[0], limit: limit + 1 })
    if (typeof accounts === 'string') return rejectCursor(reply, text, accounts, COPY_HINT)
    const toItem = (account: (typeof accounts)[number]) => ({ account: accountView(account), seq: account.lastSeq })
    return reply.send(toPage(accounts, limit, ({ userId }) => [userId], toItem))
  })
}
