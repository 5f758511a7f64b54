import type { OrderStatus } from '@paxyo/contracts'
import type { Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../transaction/read-working-set.ts'
import { proposeRefund, readWaitingUpdates } from './proposed-refund.ts'

/** What a person would do with all open reviews of a reason. */
export interface BulkResolution {
  readonly reason: string
  readonly action: 'approve' | 'dismiss' | 'set_status'
  /** For `set_status`. */
  readonly status: OrderStatus | undefined
}

/** What it would do. */
export interface BulkPreview {
  /** The reviews that it covers: the oldest. */
  readonly previewed: number
  readonly hasMore: boolean
  /** Those whose orders would stay as they are. */
  readonly unchanged: number
  readonly changed: number
  /** Those that it cannot resolve: without an order, or without a refund that waits. */
  readonly impossible: number
  readonly refunds: readonly { readonly currency: string; readonly count: number; readonly amount: Money }[]
}

const PREVIEWED_MAX = 1_000

const READ_OPEN = `
  SELECT review_id, ${ORDER_COLUMNS}, (SELECT currency FROM accounts WHERE accounts.user_id = orders.user_id) AS currency
  FROM reviews LEFT JOIN orders USING (order_id)
  WHERE resolved_at IS NULL AND reason = $1
  ORDER BY review_id LIMIT ${PREVIEWED_MAX + 1}`

type OpenRow = Omit<OrderRow, 'order_id'> & {
  readonly review_id: string
  readonly order_id: string | null
  readonly currency: string | null
}

interface Effect {
  readonly kind: 'unchanged' | 'changed' | 'impossible'
  readonly refund: Money
  readonly currency: string
}

/**
 * Computes what a resolution of all open reviews of a reason would do, as their orders are now. Nothing is written.
 *
 * @example
 * const wanted = { reason: 'order_failed', action: 'dismiss', status: undefined } as const
 * const preview = await transaction(pool, (client) => previewResolutions(client, wanted))
 * preview.unchanged //=> 0
 */
export async function previewResolutions(client: PoolClient, wanted: BulkResolution): Promise<BulkPreview> {
  const { rows } = await client.query<OpenRow>(READ_OPEN, [wanted.reason])
  const effects: Effect[] = []
  for (const row of rows.slice(0, PREVIEWED_MAX)) effects.push(await effectOf(client, row, wanted))
  const count = (kind: Effect['kind']): number => effects.filter((effect) => effect.kind === kind).length
  const paid = effects.filter(({ refund }) => refund > 0n)
  return {
    previewed: effects.length,
    hasMore: rows.length > PREVIEWED_MAX,
    unchanged: count('unchanged'),
    changed: count('changed'),
    impossible: count('impossible'),
    refunds: [...Map.groupBy(paid, ({ currency }) => currency)].map(([currency, refunds]) => ({
      currency,
      count: refunds.length,
      amount: refunds.reduce((sum, { refund }) => sum + refund, 0n),
    })),
  }
}

async function effectOf(client: PoolClient, row: OpenRow, { action, status }: BulkResolution): Promise<Effect> {
  const nothing = { refund: 0n, currency: row.currency ?? '' }
  if (action === 'dismiss') return { kind: 'unchanged', ...nothing }
  if (row.order_id === null) return { kind: 'impossible', ...nothing }
  if (action === 'set_status') return { kind: row.status === status ? 'unchanged' : 'changed', ...nothing }
  const order = toOrder({ ...row, order_id: row.order_id })
  const proposed = proposeRefund(order, await readWaitingUpdates(client, row.review_id))
  return proposed === undefined
    ? { kind: 'impossible', ...nothing }
    : { kind: 'changed', ...nothing, refund: proposed.refund }
}
