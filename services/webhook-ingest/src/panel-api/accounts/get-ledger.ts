import { findAccount } from '@paxyo/ledger'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import { ledgerEntrySchema, pageQuery, pageSchema, type LedgerEntry } from '@paxyo/panel-client'
import { z } from 'zod'
import { type ApiDeps, decodeCursor, operation, type PanelApi, reject, toPage, userParams } from '@paxyo/panel-api-kit'

const cursorSchema = z.tuple([z.int().nonnegative()])

/** `GET /v1/accounts/{userId}/ledger`: an account's ledger entries, newest first. */
export function registerGetLedger(api: PanelApi, { db, pool }: ApiDeps): void {
  const schema = {
    params: userParams,
    querystring: z.strictObject(pageQuery),
    ...operation({
      operationId: 'listLedgerEntries',
      scope: 'read',
      tag: 'Accounts',
      summary: "List an account's ledger, newest entry first",
      responses: { 200: { description: 'A page of the ledger.', schema: pageSchema(ledgerEntrySchema) } },
      errors: ['account_not_found', 'invalid_cursor'],
    }),
  }
  api.get('/v1/accounts/:userId/ledger', { schema }, async (request, reply) => {
    const { limit, cursor } = request.query
    const before = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && before === undefined) return reject(reply, 'invalid_cursor')
    const { userId } = request.params
    if ((await findAccount(pool, userId)) === undefined) return reject(reply, 'account_not_found')

    const rows = await db
      .selectFrom('ledger_entries')
      .select(['entry_id', 'kind', 'amount', 'balance_after', 'order_id', 'payment_ref', 'created_at', 'position'])
      .where('user_id', '=', userId)
      .$if(before !== undefined, (query) => query.where('position', '<', before![0]))
      .orderBy('position', 'desc')
      .limit(limit + 1)
      .execute()
    return reply.send(toPage(rows, limit, (row) => [row.position], toEntry))
  })
}

interface EntryRow {
  readonly entry_id: string
  readonly kind: string
  readonly amount: string
  readonly balance_after: string
  readonly order_id: string | null
  readonly payment_ref: string | null
  readonly created_at: Date
}

function toEntry(row: EntryRow): LedgerEntry {
  return {
    entryId: row.entry_id,
    kind: row.kind as LedgerEntry['kind'],
    amount: formatMoney(parseMoney(row.amount)),
    balanceAfter: formatMoney(parseMoney(row.balance_after)),
    orderId: row.order_id,
    paymentRef: row.payment_ref,
    createdAt: row.created_at.toISOString(),
  }
}
