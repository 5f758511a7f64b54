import type { OrderStatus } from '@paxyo/contracts'
import { decide, type Money, type OrderState, type Provider } from '@paxyo/order-core'
import type { Pool } from 'pg'
import { isOutdatedStatus } from '../deliveries/apply-delivery.ts'
import { readOrigins, updateOf, type Origin } from '../deliveries/replay-deliveries.ts'
import { providerOrderKey } from '../model/provider-order.ts'
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../transaction/read-working-set.ts'
import { findWord } from './mapped-words.ts'
import { countWithWord, findWithWord, type StatusWord } from './unknown-word.ts'

/** What the replay of the deliveries with a word would do. */
export interface WordPreview extends StatusWord {
  /** With the word, and not replayed yet. */
  readonly deliveries: number
  /** How many of them this preview covers: the oldest. */
  readonly previewed: number
  /** The previewed ones that would change no order. */
  readonly unchanged: number
  readonly changed: number
  /** The previewed ones that a person would have to decide for another reason. */
  readonly inReview: number
  readonly refunds: readonly { readonly currency: string; readonly count: number; readonly amount: Money }[]
}

export type WordPreviewRejection = 'review_not_found' | 'review_without_word' | 'unknown_provider'

const PREVIEWED_MAX = 1_000

const READ_ORDERS = `
  SELECT ${ORDER_COLUMNS}, (SELECT currency FROM accounts WHERE accounts.user_id = orders.user_id) AS currency
  FROM orders JOIN unnest($1::text[], $2::text[]) AS wanted (provider, provider_order_id)
    USING (provider, provider_order_id)`

/**
 * Computes what the deliveries with a review's word would do if it had a meaning, in order of arrival. Nothing is written;
 * the replay decides again, against the orders as they are then.
 *
 * @example
 * await previewWord({ pool, providers: [] }, newId(), 'canceled') //=> 'review_not_found'
 */
export async function previewWord(
  { pool, providers }: { readonly pool: Pool; readonly providers: readonly Provider[] },
  reviewId: string,
  status: OrderStatus | 'ignored',
): Promise<WordPreview | WordPreviewRejection> {
  const found = await findWord(pool, reviewId)
  if (typeof found === 'string') return found
  const provider = providers.find(({ name }) => name === found.provider)
  if (provider === undefined) return 'unknown_provider'
  const origins = await readOrigins(pool, await findWithWord(pool, found, PREVIEWED_MAX))
  const orders = await readOrders(pool, origins)
  const effects = origins.map((origin) => effectOf(origin, provider, status, orders))
  const paid = effects.filter(({ refund }) => refund > 0n)
  return {
    ...found,
    deliveries: await countWithWord(pool, found),
    previewed: origins.length,
    unchanged: effects.filter(({ kind }) => kind === 'unchanged').length,
    changed: effects.filter(({ kind }) => kind === 'changed').length,
    inReview: effects.filter(({ kind }) => kind === 'inReview').length,
    refunds: [...Map.groupBy(paid, ({ currency }) => currency)].map(([currency, refunds]) => ({
      currency,
      count: refunds.length,
      amount: refunds.reduce((sum, { refund }) => sum + refund, 0n),
    })),
  }
}

interface KnownOrder {
  state: OrderState
  readonly currency: string
}

interface Effect {
  readonly kind: 'unchanged' | 'changed' | 'inReview'
  readonly refund: Money
  readonly currency: string
}

async function readOrders(pool: Pool, origins: readonly Origin[]): Promise<Map<string, KnownOrder>> {
  const { rows } = await pool.query<OrderRow & { currency: string }>(READ_ORDERS, [
    origins.map(({ provider }) => provider),
    origins.map(({ provider_order_id: id }) => id),
  ])
  return new Map(
    rows.map((row) => [
      providerOrderKey({ provider: row.provider!, providerOrderId: row.provider_order_id! }),
      { state: toOrder(row), currency: row.currency },
    ]),
  )
}

/** Later deliveries of the order are decided against what this one leaves. */
function effectOf(
  origin: Origin,
  provider: Provider,
  status: OrderStatus | 'ignored',
  orders: ReadonlyMap<string, KnownOrder>,
): Effect {
  const nothing: Effect = { kind: 'unchanged', refund: 0n, currency: '' }
  const { provider_order_id: providerOrderId } = origin
  const order =
    providerOrderId === null ? undefined : orders.get(providerOrderKey({ provider: provider.name, providerOrderId }))
  const update = origin.body === null ? undefined : updateOf(origin.body, provider)
  if (order === undefined || update === undefined) return nothing
  if ((origin.is_overtaken || origin.is_decided) && isOutdatedStatus(status)) return nothing
  const { problem: _problem, word: _word, ...rest } = update
  const decision = decide(order.state, { ...rest, status })
  if (decision.outcome === 'review') return { ...nothing, kind: 'inReview' }
  if (!('order' in decision)) return nothing
  order.state = decision.order
  const kind = decision.review === undefined ? 'changed' : 'inReview'
  return { kind, refund: decision.refund, currency: order.currency }
}
