import type { Pool } from 'pg'

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
  SELECT provider_order_id AS id
  FROM (SELECT $1::text AS provider, unnest($2::text[]) AS provider_order_id, $3::timestamptz AS received_at) AS given
  WHERE ${isOvertaken('given')} OR ${isDecided('given')}`

/** The updates that a provider sent at the same time. */
export interface ReceivedUpdates {
  readonly provider: string
  readonly providerOrderIds: readonly string[]
  readonly receivedAt: Date
}

/** @returns the provider orders that a later delivery, or a person, has changed since. */
export async function findOvertaken(
  pool: Pool,
  { provider, providerOrderIds, receivedAt }: ReceivedUpdates,
): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ id: string }>(FIND_OVERTAKEN, [provider, providerOrderIds, receivedAt])
  return new Set(rows.map(({ id }) => id))
}
