import { commonVariables, env, loadConfig, redisProblems, redisVariables } from '@paxyo/service-kit'
import { z } from 'zod'
import type { ProviderOptions } from './ingest.ts'
import { parseSecret } from './webhook/standard-webhooks.ts'

const TOKEN_BYTES_MIN = 8

const JWT_SECRET_BYTES_MIN = 32

/** Who may send webhooks, and who may use the API. */
export const ingestVariables = {
  /** Tokens that the provider's URL or a header carries. */
  WEBHOOK_TOKENS: env.secrets(TOKEN_BYTES_MIN).default([]),
  /** Standard Webhooks secrets. */
  WEBHOOK_SECRETS: env.list
    .refine((secrets) => secrets.every((secret) => parseSecret(secret) !== undefined), {
      error: 'must be one or more secrets, separated by commas, of the form whsec_<base64 of 24 to 64 bytes>',
    })
    .transform((secrets) => secrets.map((secret) => parseSecret(secret)!))
    .default([]),
  /** Networks that webhooks may come from. */
  WEBHOOK_ALLOW_CIDRS: env.cidrs.default([]),
  /** Keys of the panel's API, beside those that are kept in the database. */
  PANEL_API_KEYS: env.secrets(TOKEN_BYTES_MIN).default([]),
  /** Whether `/docs` and `/openapi.json` are served, to everybody. */
  API_DOCS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  /** The provider's API v2 and our key for it. */
  PROVIDER_API_URL: env.url('http', 'https').optional(),
  PROVIDER_API_KEY: env.text.optional(),
  /** Whether webhooks pay only after the provider was asked whether they are true. */
  CONFIRM_MONEY: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
}

type ProviderConfig = Readonly<
  Record<'PROVIDER_API_URL' | 'PROVIDER_API_KEY', string | undefined> & Record<'CONFIRM_MONEY', 'on' | 'off'>
>

/** What is wrong between the provider's variables. */
export function checkProvider(raw: Readonly<Record<string, string | undefined>>): string[] {
  const given = ['PROVIDER_API_URL', 'PROVIDER_API_KEY'].filter((name) => raw[name] !== undefined)
  if (given.length === 1) return [`${given[0]} is set alone: PROVIDER_API_URL and PROVIDER_API_KEY belong together`]
  if (given.length === 0 && raw['CONFIRM_MONEY'] === 'on') {
    return ['CONFIRM_MONEY is on, but PROVIDER_API_URL and PROVIDER_API_KEY do not say whom to ask']
  }
  return []
}

/** The provider to ask, when one is configured. */
export function providerOptions(config: ProviderConfig): ProviderOptions | undefined {
  const { PROVIDER_API_URL: url, PROVIDER_API_KEY: key, CONFIRM_MONEY } = config
  return url === undefined || key === undefined ? undefined : { url, key, confirmsMoney: CONFIRM_MONEY === 'on' }
}

const variables = {
  DATABASE_URL: env.url('postgres', 'postgresql'),
  ...redisVariables,
  HOST: env.text.default('0.0.0.0'),
  PORT: env.integer(0, 65_535).default(8081),
  /** What browser tokens are signed with, by the first of them; without any this service mints none. */
  JWT_SECRETS: env.secrets(JWT_SECRET_BYTES_MIN).default([]),
  JWT_AUDIENCE: env.text.default('paxyo'),
  ...commonVariables,
  ...ingestVariables,
}

const PROOFS = ['WEBHOOK_TOKENS', 'WEBHOOK_SECRETS', 'WEBHOOK_ALLOW_CIDRS'] as const

/** @throws ConfigError listing everything that is wrong. */
export function loadIngestConfig(environment: NodeJS.ProcessEnv) {
  return loadConfig(variables, environment, (raw) => {
    const hasProof = PROOFS.some((name) => raw[name] !== undefined)
    const problems = [...redisProblems(raw), ...checkProvider(raw)]
    if (raw['NODE_ENV'] !== 'production' || hasProof) return problems
    return [...problems, `one of ${PROOFS.join(', ')} must be set in production: without them every webhook is refused`]
  })
}
