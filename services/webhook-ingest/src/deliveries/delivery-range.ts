import { z } from 'zod'

/** A moment in a query or a body, ISO 8601 with its offset from UTC. */
export const instantSchema = z.iso.datetime({ offset: true })

/** Where a list of deliveries goes on: behind this time of arrival, to the microsecond, and this id. */
export const deliveryCursorSchema = z.tuple([z.iso.datetime(), z.string().min(1).max(512)])
