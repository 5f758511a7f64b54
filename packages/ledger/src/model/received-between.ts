/**
 * The times between which deliveries were received: from the first one inclusive to the second one exclusive. A statement
 * with them reads only the partitions of those days.
 *
 * @example
 * const receivedAt = new Date('2026-01-01T12:00:00.000Z')
 * receivedBetween([{ receivedAt }]) //=> [receivedAt, new Date('2026-01-01T12:00:00.001Z')]
 */
export function receivedBetween(deliveries: readonly { readonly receivedAt: Date }[]): [from: Date, before: Date] {
  const times = deliveries.map(({ receivedAt }) => receivedAt.getTime())
  // The column has microseconds, which a Date has not.
  return [new Date(Math.min(...times)), new Date(Math.max(...times) + 1)]
}
