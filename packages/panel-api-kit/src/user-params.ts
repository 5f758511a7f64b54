import { identifierSchema } from '@paxyo/contracts'
import { z } from 'zod'

/** A user id in a path. */
export const userParams = z.object({ userId: identifierSchema })
