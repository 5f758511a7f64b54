import { formatMoney, type Provider, type ReviewReason, type StatusUpdate } from '@paxyo/order-core'
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import type { Batcher, NotCommitted } from './batcher.ts'
import { isDecided, isOvertaken } from './overtaken.ts'

export interface ReplayDeps {
  readonly pool: Pool
  readonly batcher: Batcher
  readonly providers: readonly Provider[]
  readonly newId: NewId
  readonly now: () => Date
}

/** Why a delivery is not replayed. */
type SkipReason = 'parked' | 'awaiting_verification' | 'overtaken' | 'body_deleted' | 'unknown_provider'

/** The result of replaying a delivery. */
export interface ReplayResult {
  /** The original delivery. */
  readonly deliveryId: string
  /** The new delivery; null when the original was skipped. */
  readonly replayId: string | null
  /**
   * The reasons to skip a delivery: `parked` waits for its order, whose registration applies it.
   * `awaiting_verification` waits for provider verification. `overtaken` was followed by a newer applied delivery, so
   * that a replay could only revert the order. `unknown_provider` came from a provider that is no longer configured, so
   * its body cannot be parsed.
   */
  readonly outcome: DeliveryResult['outcome'] | SkipReason
  readonly reason: ReviewReason | null
  readonly refund: string | null
  readonly userId: string | null
  /** The user's seq after the replay. */
  readonly seq: number | null
}

const READ_ORIGINS = `
  SELECT origin.delivery_id, origin.provider, origin.provider_order_id, origin.body, origin.outcome,
    ${isOvertaken('origin', 'newer.replay_of IS DISTINCT FROM origin.delivery_id')} AS is_overtaken,
    EXISTS (
      SELECT FROM orders
      WHERE orders.provider_order_id = origin.provider_order_id AND orders.provider = origin.provider
    ) AS is_held,
    ${isDecided('origin')} AS is_decided
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted (delivery_id, place)
  JOIN deliveries AS given USING (delivery_id)
  JOIN deliveries AS origin ON origin.delivery_id = coalesce(given.replay_of, given.delivery_id)
  ORDER BY wanted.place`

/** A delivery that is replayed, with what happened to its order since. */
export interface Origin {
  readonly delivery_id: string
  readonly provider: string
  readonly provider_order_id: string | null
  /** Null when its retention has ended, or its user was erased. */
  readonly body: string | null
  readonly outcome: string
  /** Whether a later delivery has changed the order. */
  readonly is_overtaken: boolean
  /** Whether an order has the provider's order. */
  readonly is_held: boolean
  /** Whether a person has set the status of the order since. */
  readonly is_decided: boolean
}

/**
 * Processes deliveries again, in the given order, like webhooks: with the current parser, against the current state of
 * the order. Each replay is recorded as a new delivery.
 *
 * @param requestKey determines the ids of the new deliveries, so that a repeated request has no further effect.
 * @returns a result per delivery, without unknown ids; or an error code, when it is not known whether anything was
 *   committed.
 * @example
 * const batcher = createBatcher({ ...ledger, log })
 * await batcher.submit([canceled])
 * const deps = { pool, batcher, providers: [], newId, now: () => new Date() }
 * const results = await replayDeliveries(deps, [canceled.deliveryId], undefined)
 * typeof results === 'object' && results[0]!.outcome //=> 'parked'
 * await batcher.close()
 */
export async function replayDeliveries(
  deps: ReplayDeps,
  deliveryIds: readonly string[],
  requestKey: string | undefined,
): Promise<ReplayResult[] | NotCommitted> {
  const origins = await readOrigins(deps.pool, deliveryIds)
  const receivedAt = deps.now()
  const replays = origins.map((origin) => {
    const provider = deps.providers.find(({ name }) => name === origin.provider)
    return skipReason(origin, provider) ?? toReplay(origin, origin.body!, provider!, receivedAt, deps.newId, requestKey)
  })
  const submitted = replays.filter((replay) => typeof replay === 'object')
  const results = submitted.length === 0 ? [] : await deps.batcher.submit(submitted)
  if (typeof results === 'string') return results

  const remaining = [...results]
  const settled = origins.map((origin, index) => {
    const replay = replays[index]!
    return typeof replay === 'string' ? skipped(origin, replay) : toResult(origin, replay, remaining.shift()!)
  })
  return withPositions(deps.pool, origins, settled)
}

/** The original deliveries of these, in this order. */
export async function readOrigins(pool: Pool, deliveryIds: readonly string[]): Promise<Origin[]> {
  const { rows } = await pool.query<Origin>(READ_ORIGINS, [deliveryIds])
  return rows
}

function skipReason(
  { outcome, body, is_overtaken: wasOvertaken, is_held: isHeld }: Origin,
  provider: Provider | undefined,
): SkipReason | undefined {
  // These will be applied without a replay.
  if (outcome === 'parked' || outcome === 'awaiting_verification') return outcome
  // The replay of one in review is recorded, so that it counts as read. Without an order it would wait for the next one,
  // and then not be known as overtaken.
  if (wasOvertaken && (outcome !== 'review' || !isHeld)) return 'overtaken'
  if (body === null) return 'body_deleted'
  return provider === undefined ? 'unknown_provider' : undefined
}

function toReplay(
  { delivery_id: deliveryId, ...origin }: Origin,
  body: string,
  provider: Provider,
  receivedAt: Date,
  newId: NewId,
  requestKey: string | undefined,
): Delivery {
  const id = requestKey === undefined ? newId() : digest(`${requestKey}\n${deliveryId}`)
  return {
    deliveryId: `replay:${id}`,
    provider: provider.name,
    update: updateOf(body, provider),
    body,
    receivedAt,
    replayOf: deliveryId,
    isOvertaken: origin.is_overtaken || origin.is_decided,
  }
}

/** A stored body contains one update; the parser recognizes JSON under the content type of a form, too. */
export function updateOf(body: string, provider: Provider): StatusUpdate | undefined {
  const parsed = provider.parseUpdates('application/x-www-form-urlencoded', Buffer.from(body))
  return 'error' in parsed ? undefined : parsed.updates[0]?.update
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 32)

function toResult(
  { delivery_id: deliveryId }: Origin,
  { deliveryId: replayId }: Delivery,
  { outcome, review, refund }: DeliveryResult,
): ReplayResult {
  return {
    deliveryId,
    replayId,
    outcome,
    reason: review ?? null,
    refund: refund === undefined ? null : formatMoney(refund),
    userId: null,
    seq: null,
  }
}

const skipped = ({ delivery_id: deliveryId }: Origin, outcome: SkipReason): ReplayResult => ({
  deliveryId,
  replayId: null,
  outcome,
  reason: null,
  refund: null,
  userId: null,
  seq: null,
})

const READ_POSITIONS = `
  SELECT deliveries.delivery_id, accounts.user_id, accounts.last_seq
  FROM deliveries JOIN orders USING (provider, provider_order_id) JOIN accounts USING (user_id)
  WHERE deliveries.delivery_id = ANY($1::text[])`

/** Reads positions after the commit, so that each seq covers the changes of the replay. */
async function withPositions(
  pool: Pool,
  origins: readonly Origin[],
  results: readonly ReplayResult[],
): Promise<ReplayResult[]> {
  const { rows } = await pool.query<{ delivery_id: string; user_id: string; last_seq: number }>(READ_POSITIONS, [
    origins.map(({ delivery_id: id }) => id),
  ])
  const positions = new Map(rows.map((row) => [row.delivery_id, { userId: row.user_id, seq: row.last_seq }]))
  return results.map((result) => ({ ...result, ...positions.get(result.deliveryId) }))
}
