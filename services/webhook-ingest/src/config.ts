import { providerProblems, providerVariables, summarizeProviders } from '@paxyo/providers'
import { commonVariables, env, loadConfig, redisProblems, redisVariables } from '@paxyo/service-kit'
import { z } from 'zod'
import {
  outgoingWebhookProblems,
  outgoingWebhookVariables,
} from './workers/outgoing-webhooks/outgoing-webhook-config.ts'

const PANEL_KEY_BYTES_MIN = 8
const JWT_SECRET_BYTES_MIN = 32

/** Which providers there are, who may use the API, and what is sent to the panel. */
export const ingestVariables = {
  ...providerVariables,
  /** Whether webhooks refund only after the provider was asked whether they are true. */
  VERIFY_REFUNDS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
  /** Keys of the panel's API, beside those that are kept in the database. */
  PANEL_API_KEYS: env.secrets(PANEL_KEY_BYTES_MIN).default([]),
  /** Whether `/docs` and `/openapi.json` are served, without a key. */
  API_DOCS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  ...outgoingWebhookVariables,
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

type Raw = Readonly<Record<string, string | undefined>>

/** What is wrong between these variables. */
export function ingestProblems(raw: Raw): string[] {
  return [...providerProblems(raw), ...verificationProblems(raw), ...outgoingWebhookProblems(raw)]
}

/** A refund that waits for a provider that cannot be asked would wait for ever. */
function verificationProblems(raw: Raw): string[] {
  if (raw['VERIFY_REFUNDS'] !== 'on') return []
  return summarizeProviders(raw)
    .filter(({ isAskable }) => !isAskable)
    .map(({ name }) =>
      raw['PROVIDERS_FILE'] === undefined
        ? 'VERIFY_REFUNDS is on, but PROVIDER_API_URL and PROVIDER_API_KEY do not say whom to ask'
        : `VERIFY_REFUNDS is on, but the provider ${name} has no apiUrl and apiKey`,
    )
}

/** Without credentials every webhook would be rejected, which is right only for a try. */
function authenticationProblems(raw: Raw): string[] {
  return summarizeProviders(raw)
    .filter(({ isAuthenticated }) => !isAuthenticated)
    .map(({ name }) =>
      raw['PROVIDERS_FILE'] === undefined
        ? 'one of WEBHOOK_TOKENS, WEBHOOK_SECRETS, WEBHOOK_ALLOW_CIDRS must be set in production: without them every webhook is rejected'
        : `the provider ${name} needs one of webhookTokens, webhookSecrets, allowCidrs in production: without them its webhooks are rejected`,
    )
}

/** @throws ConfigError listing everything that is wrong. */
export function loadIngestConfig(environment: NodeJS.ProcessEnv) {
  return loadConfig(variables, environment, (raw) => [
    ...redisProblems(raw),
    ...ingestProblems(raw),
    ...(raw['NODE_ENV'] === 'production' ? authenticationProblems(raw) : []),
  ])
}
