import { deliveryIdSchema } from '@paxyo/panel-client'
import { z } from 'zod'

/** Where a list of deliveries goes on: behind this time of arrival, to the microsecond, and this id. */
export const deliveryCursorSchema = z.tuple([
  // As it is given out: PostgreSQL refuses more digits than it can read, and knows no year 0.
  z.iso.datetime({ precision: 6 }).refine((text) => !text.startsWith('0000')),
  deliveryIdSchema,
])
