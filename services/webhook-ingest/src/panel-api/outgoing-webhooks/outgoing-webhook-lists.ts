import type { Database } from '@paxyo/database'
import { sql, type Kysely } from 'kysely'
import type { OutgoingWebhookView } from '@paxyo/panel-client'

type OutgoingWebhookState = OutgoingWebhookView['state']

/** Dead webhooks that one request can retry. */
const RETRY_MAX = 1000

/** @returns outgoing webhooks, newest refund first. */
export async function listOutgoingWebhooks(
  db: Kysely<Database>,
  { state, before, limit }: { state: OutgoingWebhookState | undefined; before: number | undefined; limit: number },
): Promise<OutgoingWebhookView[]> {
  let query = selectWebhooks(db).orderBy('position', 'desc').limit(limit)
  if (state !== undefined) query = query.where('state', '=', state)
  if (before !== undefined) query = query.where('outgoing_webhooks.position', '<', before)
  return (await query.execute()).map(toView)
}

/**
 * Makes a webhook in any state due at once and resets its attempts.
 *
 * @returns the webhook; undefined when it does not exist.
 */
export async function retryOutgoingWebhook(
  db: Kysely<Database>,
  refundId: string,
): Promise<OutgoingWebhookView | undefined> {
  await db.updateTable('outgoing_webhooks').set(DUE_NOW).where('refund_id', '=', refundId).execute()
  const row = await selectWebhooks(db).where('refund_id', '=', refundId).executeTakeFirst()
  return row && toView(row)
}

/** Makes dead webhooks due, oldest first. */
export async function retryDeadOutgoingWebhooks(db: Kysely<Database>): Promise<{ retried: number; hasMore: boolean }> {
  const dead = db
    .selectFrom('outgoing_webhooks')
    .select('refund_id')
    .where('state', '=', 'dead')
    .orderBy('position')
    .limit(RETRY_MAX)
    .forUpdate()
  const { numUpdatedRows } = await db
    .updateTable('outgoing_webhooks')
    .set(DUE_NOW)
    .where('refund_id', 'in', dead)
    .executeTakeFirstOrThrow()
  return { retried: Number(numUpdatedRows), hasMore: numUpdatedRows === BigInt(RETRY_MAX) }
}

const DUE_NOW = { state: 'pending', attempts: 0, due_at: sql<Date>`clock_timestamp()`, settled_at: null } as const

const selectWebhooks = (db: Kysely<Database>) =>
  db
    .selectFrom('outgoing_webhooks')
    .innerJoin('ledger_entries', 'entry_id', 'refund_id')
    .select([
      'refund_id',
      'outgoing_webhooks.position',
      'order_id',
      'user_id',
      'state',
      'attempts',
      'due_at',
      'attempted_at',
      'settled_at',
      'last_status',
      'last_error',
    ])

type WebhookRow = Awaited<ReturnType<ReturnType<typeof selectWebhooks>['execute']>>[number]

function toView(row: WebhookRow): OutgoingWebhookView {
  return {
    refundId: row.refund_id,
    position: row.position,
    orderId: row.order_id!,
    userId: row.user_id,
    state: row.state as OutgoingWebhookState,
    attempts: row.attempts,
    dueAt: row.due_at?.toISOString() ?? null,
    attemptedAt: row.attempted_at?.toISOString() ?? null,
    settledAt: row.settled_at?.toISOString() ?? null,
    lastStatus: row.last_status,
    lastError: row.last_error,
  }
}
