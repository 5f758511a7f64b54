import { boundedText } from '@paxyo/contracts'
import { PROVIDER_NAME, PROVIDER_NAME_MAX, type StatusMap } from '@paxyo/order-core'
import { env } from '@paxyo/service-kit/config'
import { parseSecret } from '@paxyo/standard-webhooks'
import { z } from 'zod'
import { statusMapSchema } from './status-map.ts'
import { PROVIDER_FORMATS, type ProviderFormat } from './formats.ts'

/** The minimum length of a webhook token. */
export const WEBHOOK_TOKEN_BYTES_MIN = 8

/** How the webhooks of one provider are authenticated. */
export interface WebhookAuthentication {
  /** Tokens that the provider's URL or a header may carry. */
  readonly tokens: readonly string[]
  /** Keys of Standard Webhooks signatures. */
  readonly signatureKeys: readonly Buffer[]
  /** Networks that webhooks may come from; empty allows all. */
  readonly allowedCidrs: readonly string[]
  /** Whether only a signature authenticates a webhook, and a token does not. */
  readonly isSignatureRequired?: boolean
}

/** Whether a webhook needs any of the configured secrets, or a signature. */
export const requiredAuthenticationSchema = z.enum(['any', 'signature'], { error: 'must be any or signature' })

const signatureKeysSchema = z
  .array(z.string())
  .refine((secrets) => secrets.every((secret) => parseSecret(secret) !== undefined), {
    error: 'must be secrets of the form whsec_<base64 of 24 to 64 bytes>',
  })
  .transform((secrets) => secrets.map((secret) => parseSecret(secret)!))

const tokensSchema = z
  .array(z.string())
  .refine((tokens) => tokens.every((token) => Buffer.byteLength(token) >= WEBHOOK_TOKEN_BYTES_MIN), {
    error: `must be secrets of at least ${WEBHOOK_TOKEN_BYTES_MIN} bytes each`,
  })

/** One provider, as `PROVIDERS_FILE` describes it. */
export const providerSettingsSchema = z
  .strictObject({
    name: boundedText(
      PROVIDER_NAME_MAX,
      PROVIDER_NAME,
      'must be 1 to 32 lower-case letters, digits and hyphens, beginning with a letter',
    ),
    format: z.enum(Object.keys(PROVIDER_FORMATS) as [ProviderFormat]).default('godofpanel'),
    webhookTokens: tokensSchema.default([]),
    webhookSecrets: signatureKeysSchema.default([]),
    allowCidrs: z
      .array(z.string())
      .refine((cidrs) => cidrs.length === 0 || env.cidrs.safeParse(cidrs.join(',')).success, {
        error: 'must be networks such as 203.0.113.0/24',
      })
      .default([]),
    require: requiredAuthenticationSchema.default('any'),
    apiUrl: env.url('http', 'https').optional(),
    apiKey: z.string().min(1).optional(),
    statusMap: statusMapSchema.default({}),
  })
  .refine(({ apiUrl, apiKey }) => (apiUrl === undefined) === (apiKey === undefined), {
    error: 'apiUrl and apiKey belong together',
  })
  .refine((entry) => entry.require === 'any' || entry.webhookSecrets.length > 0, {
    path: ['require'],
    error: 'signature requires webhookSecrets',
  })
  .transform(({ name, format, statusMap, apiUrl, apiKey, ...entry }): ProviderSettings => {
    const authentication = {
      tokens: entry.webhookTokens,
      signatureKeys: entry.webhookSecrets,
      allowedCidrs: entry.allowCidrs,
      ...(entry.require === 'signature' ? { isSignatureRequired: true } : {}),
    }
    const api = apiUrl === undefined || apiKey === undefined ? undefined : { url: apiUrl, key: apiKey }
    return { name, format, statusMap, authentication, api }
  })

/** The settings of one provider. */
export interface ProviderSettings {
  readonly name: string
  readonly format: ProviderFormat
  readonly authentication: WebhookAuthentication
  /** Its API; undefined when it has none. */
  readonly api: { readonly url: string; readonly key: string } | undefined
  /** The meaning of its status words, in addition to those of its format. */
  readonly statusMap: StatusMap
}
