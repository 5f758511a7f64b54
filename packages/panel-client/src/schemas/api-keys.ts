import { boundedText, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { scopeSchema } from './scopes.ts'

export const apiKeyIdSchema = boundedText(16, /^(?:pxk|env)_[0-9a-f]{12}$/, 'must be the public part of an API key')

/** An API key without its secret. */
export const apiKeySchema = z.object({
  keyId: z
    .string()
    .describe('`pxk_…`; `env_…` for a key that the environment configures, or that the standalone printed.'),
  name: z.string(),
  scopes: z.array(scopeSchema),
  createdAt: timestampSchema.nullable(),
  lastUsedAt: timestampSchema.nullable().describe('Accurate to about a minute; of a key of the environment, in the last 30 days.'),
  expiresAt: timestampSchema.nullable(),
  allowedNetworks: z.array(z.string()).nullable().describe('The networks from which it is accepted; null for all.'),
  revokedAt: timestampSchema.nullable(),
})
z.globalRegistry.add(apiKeySchema, { id: 'ApiKey' })

export const apiKeyListSchema = z.object({ data: z.array(apiKeySchema) })
export const revokedApiKeySchema = z.object({ keyId: z.string() })

export type ApiKeyView = z.infer<typeof apiKeySchema>
export type ApiKeyList = z.infer<typeof apiKeyListSchema>
export type RevokedApiKey = z.infer<typeof revokedApiKeySchema>
