import { commonVariables, env, loadConfig, redisProblems, redisVariables } from '@paxyo/service-kit'
import { z } from 'zod'
import { panelWebhookProblems, panelWebhookVariables } from './panel-webhook/panel-webhook-config.ts'
import { providerProblems, providerVariables } from './confirm/provider-config.ts'

const TOKEN_BYTES_MIN = 8

const JWT_SECRET_BYTES_MIN = 32

/** Who may send webhooks, and who may use the API. */
export const ingestVariables = {
  /** Tokens that the provider's URL or a header carries. */
  WEBHOOK_TOKENS: env.secrets(TOKEN_BYTES_MIN).default([]),
  /** Standard Webhooks secrets. */
  WEBHOOK_SECRETS: env.webhookSecrets.default([]),
  /** Networks that webhooks may come from. */
  WEBHOOK_ALLOW_CIDRS: env.cidrs.default([]),
  /** Keys of the panel's API, beside those that are kept in the database. */
  PANEL_API_KEYS: env.secrets(TOKEN_BYTES_MIN).default([]),
  /** Whether `/docs` and `/openapi.json` are served, to everybody. */
  API_DOCS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  ...providerVariables,
  ...panelWebhookVariables,
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

type Raw = Readonly<Record<string, string | undefined>>

/** What is wrong between these variables. */
export function ingestProblems(raw: Raw): string[] {
  return [...providerProblems(raw), ...panelWebhookProblems(raw)]
}

/** @throws ConfigError listing everything that is wrong. */
export function loadIngestConfig(environment: NodeJS.ProcessEnv) {
  return loadConfig(variables, environment, (raw) => {
    const hasProof = PROOFS.some((name) => raw[name] !== undefined)
    const problems = [...redisProblems(raw), ...ingestProblems(raw)]
    if (raw['NODE_ENV'] !== 'production' || hasProof) return problems
    return [...problems, `one of ${PROOFS.join(', ')} must be set in production: without them every webhook is refused`]
  })
}
