import { boundedText, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { ALL_SCOPES } from '../scopes.ts'
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
  lastUsedAt: timestampSchema
    .nullable()
    .describe('Accurate to about a minute; of a key of the environment, in the last 30 days.'),
  expiresAt: timestampSchema.nullable(),
  allowedNetworks: z.array(z.string()).nullable().describe('The networks from which it is accepted; null for all.'),
  revokedAt: timestampSchema.nullable(),
})
z.globalRegistry.add(apiKeySchema, { id: 'ApiKey' })

const KEY_NAME_LENGTH_MAX = 100
const NETWORKS_MAX = 20

/** An address, or a network such as `203.0.113.0/24`. */
export const networkSchema = z.union([z.ipv4(), z.cidrv4(), z.ipv6(), z.cidrv6()], {
  error: 'must be a network such as 203.0.113.0/24',
})

/** The body of `POST /v1/keys`. */
export const createApiKeySchema = z.strictObject({
  name: boundedText(
    KEY_NAME_LENGTH_MAX,
    /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u,
    'must be printable, without spaces at its ends',
  ).describe('Who uses the key, such as `shop server`.'),
  scopes: z
    .array(scopeSchema)
    .min(1)
    .max(ALL_SCOPES.length)
    .default(['read'])
    .describe('What it may do; by default it only reads.'),
  expiresAt: timestampSchema.nullable().default(null).describe('Null for a key that does not expire.'),
  allowedNetworks: z
    .array(networkSchema)
    .min(1)
    .max(NETWORKS_MAX)
    .nullable()
    .default(null)
    .describe('The networks from which it is accepted; null for all.'),
})
z.globalRegistry.add(createApiKeySchema, { id: 'CreateApiKey' })

export const createdApiKeySchema = z.object({
  keyId: z.string(),
  key: z.string().describe('Shown once; only its hash is stored.'),
})

export const apiKeyListSchema = z.object({ data: z.array(apiKeySchema) })
export const revokedApiKeySchema = z.object({ keyId: z.string() })

export type ApiKeyView = z.infer<typeof apiKeySchema>
export type ApiKeyList = z.infer<typeof apiKeyListSchema>
export type CreateApiKey = z.input<typeof createApiKeySchema>
export type CreatedApiKey = z.infer<typeof createdApiKeySchema>
export type RevokedApiKey = z.infer<typeof revokedApiKeySchema>
