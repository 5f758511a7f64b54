import { z } from 'zod'

/** A moment in a query or a body, ISO 8601 with its offset from UTC. */
export const instantSchema = z.iso.datetime({ offset: true })

/** The provider's own id of a message may be a part of it, so that it is not one of ours alone. */
export const deliveryIdSchema = z
  .string()
  .max(512)
  .regex(/^[^\p{C}]+$/u, 'must be printable')

/** Where a list of deliveries goes on: behind this time of arrival, to the microsecond, and this id. */
export const deliveryCursorSchema = z.tuple([
  // As it is given out: PostgreSQL refuses more digits than it can read, and knows no year 0.
  z.iso.datetime({ precision: 6 }).refine((text) => !text.startsWith('0000')),
  deliveryIdSchema,
])
