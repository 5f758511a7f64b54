import { identifierSchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { disconnectedSchema } from './connections.ts'
import { idSchema } from './registration.ts'

const TTL_S_MIN = 60
const TTL_S_MAX = 86_400
const TTL_S = 3_600

/** The body of `POST /v1/tokens`. */
export const tokenRequestSchema = z.strictObject({
  userId: idSchema,
  ttlSeconds: z.int().min(TTL_S_MIN).max(TTL_S_MAX).default(TTL_S).describe('For how long the token is good.'),
})

export const tokenSchema = z.object({
  token: z.string(),
  expiresAt: timestampSchema,
  jti: z.string().describe('The claim by which this token alone can be revoked.'),
})

/** The body of `POST /v1/tokens/revoke`. */
export const tokenRevocationSchema = z.strictObject({
  userId: idSchema.describe("The token's `sub`."),
  jti: identifierSchema.describe("The token's `jti`."),
  expiresAt: timestampSchema.describe("The token's `exp`. The revocation is kept until then."),
})

export const revokedTokenSchema = z.object({
  userId: identifierSchema,
  jti: identifierSchema,
  expiresAt: timestampSchema,
  closed: disconnectedSchema.shape.closed,
  gateways: disconnectedSchema.shape.gateways,
})

export type TokenRequest = z.input<typeof tokenRequestSchema>
export type TokenRevocation = z.input<typeof tokenRevocationSchema>
export type RevokedToken = z.infer<typeof revokedTokenSchema>
export type BrowserToken = z.infer<typeof tokenSchema>
