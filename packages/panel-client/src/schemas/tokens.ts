import { timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { idSchema } from './registration.ts'

const TTL_S_MIN = 60
const TTL_S_MAX = 86_400
const TTL_S = 3_600

/** The body of `POST /v1/tokens`. */
export const tokenRequestSchema = z.strictObject({
  userId: idSchema,
  ttlSeconds: z.int().min(TTL_S_MIN).max(TTL_S_MAX).default(TTL_S).describe('For how long the token is good.'),
})

export const tokenSchema = z.object({ token: z.string(), expiresAt: timestampSchema })

export type TokenRequest = z.input<typeof tokenRequestSchema>
export type BrowserToken = z.infer<typeof tokenSchema>
