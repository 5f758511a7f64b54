/**
 * Lookups of deliveries by their ids and times. Deliveries are in daily partitions: with the times between which all of them
 * were received, the planner leaves out the other days; with each one's own time, every index finds it at once.
 */

/** The column has microseconds, which a Date has not. */
const PRECISION = '1 millisecond'

/** SQL: whether `delivery` was received at the time of another row. */
export const isReceivedAt = (row: string): string =>
  `delivery.received_at >= ${row}.received_at AND delivery.received_at < ${row}.received_at + interval '${PRECISION}'`

/** SQL: whether `delivery` was received between the two times of {@link receivedBetween}. */
export const isReceivedBetween = (from: string, before: string): string =>
  `delivery.received_at >= ${from} AND delivery.received_at < ${before}`

/** The times between which deliveries were received: from the first one inclusive to the second one exclusive. */
export function receivedBetween(deliveries: readonly { readonly receivedAt: Date }[]): [from: Date, before: Date] {
  const times = deliveries.map(({ receivedAt }) => receivedAt.getTime())
  return [new Date(Math.min(...times)), new Date(Math.max(...times) + 1)]
}
