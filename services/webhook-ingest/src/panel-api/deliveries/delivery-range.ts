import { deliveryIdSchema } from '@paxyo/panel-client'
import { z } from 'zod'

/** A position in a list of deliveries: the time of arrival, in microseconds, and the id. */
export const deliveryCursorSchema = z.tuple([
  // Exactly as we format it: PostgreSQL rejects timestamps with too many digits and the year 0.
  z.iso.datetime({ precision: 6 }).refine((text) => !text.startsWith('0000')),
  deliveryIdSchema,
])
