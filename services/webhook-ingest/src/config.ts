import { consoleProblems, consoleVariables } from '@paxyo/console'
import {
  providerProblems,
  providerVariables,
  refundApprovalProblems,
  refundApprovalVariables,
  summarizeProviders,
  weakProviderSecrets,
} from '@paxyo/providers'
import { commonVariables, env, loadConfig, redisProblems, redisVariables, weakVariables } from '@paxyo/service-kit'
import { z } from 'zod'
import {
  outgoingWebhookProblems,
  outgoingWebhookVariables,
} from './workers/outgoing-webhooks/outgoing-webhook-config.ts'
import { reconcileProblems, reconcileVariables } from './workers/reconcile/reconcile-config.ts'

const PANEL_KEY_BYTES_MIN = 8
const JWT_SECRET_BYTES_MIN = 32

/** Providers, API access, and outgoing webhooks. */
export const ingestVariables = {
  ...providerVariables,
  /** Whether a refund requires that the provider's API reports the same as the webhook. */
  VERIFY_REFUNDS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
  ...refundApprovalVariables,
  /** The mode of new accounts: whether the panel keeps their balance, or this service does. */
  BALANCE_MODE: z.enum(['external', 'kept'], { error: 'must be external or kept' }).default('external'),
  ...reconcileVariables,
  /** API keys of the panel, in addition to those in the database. */
  PANEL_API_KEYS: env.secrets(PANEL_KEY_BYTES_MIN).default([]),
  ...consoleVariables,
  /** Whether `/docs` and `/openapi.json` are served; they need no key. */
  API_DOCS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  ...outgoingWebhookVariables,
}

const variables = {
  DATABASE_URL: env.databaseUrl,
  ...redisVariables,
  HOST: env.text.default('0.0.0.0'),
  PORT: env.integer(0, 65_535).default(8081),
  /** Secrets of browser tokens; the first one signs. Without a secret, this service mints no tokens. */
  JWT_SECRETS: env.secrets(JWT_SECRET_BYTES_MIN).default([]),
  JWT_AUDIENCE: env.text.default('paxyo'),
  ...commonVariables,
  ...ingestVariables,
}

type Raw = Readonly<Record<string, string | undefined>>

/** Problems of variables in combination. A service that only this machine reaches may send webhooks to this machine. */
export function ingestProblems(raw: Raw, { isReachedByLoopbackOnly = false } = {}): string[] {
  return [
    ...providerProblems(raw),
    ...allowListProblems(raw),
    ...verificationProblems(raw),
    ...refundApprovalProblems(raw),
    ...reconcileProblems(raw),
    ...consoleProblems(raw),
    ...outgoingWebhookProblems(raw, isReachedByLoopbackOnly),
  ]
}

/** With every proxy trusted, a header is enough to have any address. */
function allowListProblems(raw: Raw): string[] {
  if (raw['TRUST_PROXY'] !== 'true') return []
  return summarizeProviders(raw)
    .filter(({ isAuthenticatedByAddress }) => isAuthenticatedByAddress)
    .map(
      ({ name }) =>
        `TRUST_PROXY must name the proxy's network, not true: anyone could pretend to have an address that ${name} is allowed to have; or set a token or a secret, too`,
    )
}

/** Without the provider's API, a refund would wait for its verification forever. */
function verificationProblems(raw: Raw): string[] {
  if (raw['VERIFY_REFUNDS'] !== 'on') return []
  return summarizeProviders(raw)
    .filter(({ isAskable }) => !isAskable)
    .map(({ name }) =>
      raw['PROVIDERS_FILE'] === undefined
        ? 'VERIFY_REFUNDS is on and requires PROVIDER_API_URL and PROVIDER_API_KEY'
        : `VERIFY_REFUNDS is on and requires apiUrl and apiKey for the provider ${name}`,
    )
}

/** Without credentials, every webhook is rejected. Outside production that is allowed, to try the service. */
function authenticationProblems(raw: Raw): string[] {
  return summarizeProviders(raw)
    .filter(({ isAuthenticated }) => !isAuthenticated)
    .map(({ name }) =>
      raw['PROVIDERS_FILE'] === undefined
        ? 'one of WEBHOOK_TOKENS, WEBHOOK_SECRETS, WEBHOOK_ALLOW_CIDRS must be set in production: without them every webhook is rejected'
        : `the provider ${name} needs one of webhookTokens, webhookSecrets, allowCidrs in production: without them its webhooks are rejected`,
    )
}

/** Describes the secrets that can be guessed: problems in production, and warnings elsewhere. */
export function weakIngestSecrets(environment: Raw): string[] {
  return [
    ...weakProviderSecrets(environment),
    ...weakVariables(['PANEL_API_KEYS', 'JWT_SECRETS', 'OUTGOING_WEBHOOK_SECRET', 'REDIS_MESSAGE_KEYS'], environment),
  ]
}

/** @throws ConfigError listing all problems. */
export function loadIngestConfig(environment: NodeJS.ProcessEnv) {
  return loadConfig(variables, environment, (raw) => [
    ...redisProblems(raw),
    ...ingestProblems(raw),
    ...(raw['NODE_ENV'] === 'production' ? [...authenticationProblems(raw), ...weakIngestSecrets(environment)] : []),
  ])
}
