import type { ErrorCode } from '@paxyo/contracts'
import type { Batcher, Delivery, DeliveryResult, NewId } from '@paxyo/ledger'
import { formatMoney, type Provider, type ReviewReason, type StatusUpdate } from '@paxyo/order-core'
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'

export interface ReplayDeps {
  readonly pool: Pool
  readonly batcher: Batcher
  readonly providers: readonly Provider[]
  readonly newId: NewId
  readonly now: () => Date
}

/** What became of a delivery that was to be replayed. */
export interface ReplayResult {
  /** The delivery as the provider sent it. */
  readonly deliveryId: string
  /** The new delivery; null when there was no need for one. */
  readonly replayId: string | null
  /**
   * `parked` is waiting for its order, whose registration applies it, and `awaiting_confirmation` for the provider's
   * word; `overtaken` was applied in its time and something
   * newer has been since, so that saying it again could only take the order back.
   */
  readonly outcome: DeliveryResult['outcome'] | 'overtaken'
  readonly reason: ReviewReason | null
  readonly refund: string | null
  readonly userId: string | null
  /** The user's seq after it. */
  readonly seq: number | null
}

const READ_ORIGINS = `
  SELECT origin.delivery_id, origin.provider, origin.body, origin.outcome, origin.outcome <> 'review' AND EXISTS (
      SELECT FROM deliveries AS newer
      WHERE newer.provider_order_id = origin.provider_order_id AND newer.provider = origin.provider
        AND newer.received_at > origin.received_at AND newer.outcome IN ('applied', 'progress')
        AND newer.replay_of IS DISTINCT FROM origin.delivery_id
    ) AS is_overtaken,
    ARRAY(
      SELECT reason FROM reviews WHERE delivery_id IN (
        SELECT origin.delivery_id UNION ALL SELECT delivery_id FROM deliveries WHERE replay_of = origin.delivery_id)
    ) AS reviewed_for
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted (delivery_id, place)
  JOIN deliveries AS given USING (delivery_id)
  JOIN deliveries AS origin ON origin.delivery_id = coalesce(given.replay_of, given.delivery_id)
  ORDER BY wanted.place`

interface OriginRow {
  readonly delivery_id: string
  readonly provider: string
  readonly body: string
  readonly outcome: string
  readonly is_overtaken: boolean
  readonly reviewed_for: ReviewReason[]
}

/**
 * Takes deliveries in once more, in the given order, the way webhooks are: parsed as we parse today, decided as the order
 * stands now. Each is recorded as a delivery of its own.
 *
 * @param requestKey makes the ids of the new deliveries, so that the same request has its effect once.
 * @returns what became of each; those that are not there are left out. Or why nothing is known to be committed.
 */
export async function replayDeliveries(
  deps: ReplayDeps,
  deliveryIds: readonly string[],
  requestKey: string | undefined,
): Promise<ReplayResult[] | ErrorCode> {
  const { rows: origins } = await deps.pool.query<OriginRow>(READ_ORIGINS, [deliveryIds])
  const receivedAt = deps.now()
  const replays = origins.map((origin) =>
    origin.is_overtaken || isWaiting(origin.outcome) ? undefined : toReplay(origin, receivedAt, deps, requestKey),
  )
  const submitted = replays.filter((replay) => replay !== undefined)
  const results = submitted.length === 0 ? [] : await deps.batcher.submit(submitted)
  if (typeof results === 'string') return results

  const remaining = [...results]
  const settled = origins.map((origin, index) => {
    const replay = replays[index]
    const result = replay === undefined ? undefined : remaining.shift()!
    return toResult(origin, replay, result)
  })
  return withPositions(deps.pool, origins, settled)
}

function toReplay(
  origin: OriginRow,
  receivedAt: Date,
  { newId, providers }: ReplayDeps,
  requestKey: string | undefined,
): Delivery {
  const { delivery_id: deliveryId, provider, body, reviewed_for: reviewedFor } = origin
  const id = requestKey === undefined ? newId() : digest(`${requestKey}\n${deliveryId}`)
  return {
    deliveryId: `replay:${id}`,
    provider,
    update: parseBody(providers, provider, body),
    body,
    receivedAt,
    replay: { deliveryId, reviewedFor: new Set(reviewedFor) },
  }
}

/** A stored body holds one update, and a form's content type is right for JSON, too. */
function parseBody(providers: readonly Provider[], name: string, body: string): StatusUpdate | undefined {
  const parsed = providers
    .find((provider) => provider.name === name)
    ?.parseUpdates('application/x-www-form-urlencoded', Buffer.from(body))
  return parsed === undefined || 'error' in parsed ? undefined : parsed.updates[0]?.update
}

/** It will be applied without being said again. */
function isWaiting(outcome: string): outcome is 'parked' | 'awaiting_confirmation' {
  return outcome === 'parked' || outcome === 'awaiting_confirmation'
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 32)

function toResult(
  { delivery_id: deliveryId, outcome }: OriginRow,
  replay: Delivery | undefined,
  result: DeliveryResult | undefined,
): ReplayResult {
  return {
    deliveryId,
    replayId: replay?.deliveryId ?? null,
    outcome: result?.outcome ?? (isWaiting(outcome) ? outcome : 'overtaken'),
    reason: result?.review ?? null,
    refund: result?.refund === undefined ? null : formatMoney(result.refund),
    userId: null,
    seq: null,
  }
}

const READ_POSITIONS = `
  SELECT deliveries.delivery_id, accounts.user_id, accounts.last_seq
  FROM deliveries JOIN orders USING (provider, provider_order_id) JOIN accounts USING (user_id)
  WHERE deliveries.delivery_id = ANY($1::text[])`

/** Read after the commit, so a seq covers what the replay changed. */
async function withPositions(
  pool: Pool,
  origins: readonly OriginRow[],
  results: readonly ReplayResult[],
): Promise<ReplayResult[]> {
  const { rows } = await pool.query<{ delivery_id: string; user_id: string; last_seq: number }>(READ_POSITIONS, [
    origins.map(({ delivery_id: id }) => id),
  ])
  const positions = new Map(rows.map((row) => [row.delivery_id, { userId: row.user_id, seq: row.last_seq }]))
  return results.map((result) => ({ ...result, ...positions.get(result.deliveryId) }))
}
