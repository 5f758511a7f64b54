import type { Pool } from 'pg'
import type { Delivery } from '../model/delivery.ts'

/**
 * SQL: whether a later delivery has changed the order of an update. A replay is as old as its original.
 *
 * @param update a row with `provider`, `provider_order_id` and `received_at`.
 * @param other which later deliveries count, of the row `newer`.
 */
export const isOvertaken = (update: string, other = 'true'): string => `
  EXISTS (
    SELECT FROM deliveries AS newer LEFT JOIN deliveries AS replayed ON replayed.delivery_id = newer.replay_of
    WHERE newer.provider_order_id = ${update}.provider_order_id AND newer.provider = ${update}.provider
      AND coalesce(replayed.received_at, newer.received_at) > ${update}.received_at
      AND newer.outcome IN ('applied', 'progress') AND ${other})`

/** SQL: whether a person has set the status of the order of an update since. */
export const isDecided = (update: string): string => `
  EXISTS (
    SELECT FROM orders JOIN operator_actions AS action USING (order_id)
    WHERE orders.provider_order_id = ${update}.provider_order_id AND orders.provider = ${update}.provider
      AND action.status IS NOT NULL AND action.created_at >= ${update}.received_at
    UNION ALL
    SELECT FROM orders JOIN reviews USING (order_id)
    WHERE orders.provider_order_id = ${update}.provider_order_id AND orders.provider = ${update}.provider
      AND reviews.resolution_status IS NOT NULL AND reviews.resolved_at >= ${update}.received_at)`

const FIND_OVERTAKEN = `
  SELECT place::int AS place
  FROM unnest($1::text[], $2::text[], $3::timestamptz[])
    WITH ORDINALITY AS given (provider, provider_order_id, received_at, place)
  WHERE ${isOvertaken('given')} OR ${isDecided('given')}`

/** Marks the deliveries whose order a later delivery, or a person, has changed since they were received. */
export async function markOvertaken<Marked extends Delivery>(
  database: Pick<Pool, 'query'>,
  deliveries: readonly Marked[],
  receivedAt?: Date,
): Promise<Marked[]> {
  const { rows } = await database.query<{ place: number }>(FIND_OVERTAKEN, [
    deliveries.map(({ provider }) => provider),
    deliveries.map(({ update }) => update?.providerOrderId),
    deliveries.map((delivery) => receivedAt ?? delivery.receivedAt),
  ])
  const places = new Set(rows.map(({ place }) => place))
  return deliveries.map((delivery, index) => ({ ...delivery, isOvertaken: places.has(index + 1) }))
}
