import { RETRY_DELAYS_MS } from '@paxyo/ledger'
import { DEFAULT_WEBHOOK_TYPES, WEBHOOK_TYPES, type WebhookType } from '@paxyo/contracts'
import { env } from '@paxyo/service-kit'
import { z } from 'zod'
import { urlProblem, type AddressRules } from './address-rules.ts'

export type { AddressRules } from './address-rules.ts'

const RETRIES_MAX = 50
const RETRY_DELAY_S_MAX = 604_800
const retryDelaySchema = env.integer(0, RETRY_DELAY_S_MAX)

/** Settings of outgoing webhooks, and of one endpoint of them; further ones are made with the panel API. */
export const outgoingWebhookVariables = {
  OUTGOING_WEBHOOK_URL: env.url('https', 'http').optional(),
  /** Standard Webhooks secrets. Each of them signs, so the panel can rotate its secret at any time. */
  OUTGOING_WEBHOOK_SECRET: env.webhookSecrets.optional(),
  OUTGOING_WEBHOOK_TYPES: env.list
    .pipe(z.array(z.enum(WEBHOOK_TYPES, { error: `must be some of ${WEBHOOK_TYPES.join(', ')}` })).min(1))
    .default([...DEFAULT_WEBHOOK_TYPES]),
  /** Allows a panel on a private network, and one without TLS. */
  OUTGOING_WEBHOOK_ALLOW_PRIVATE: env.text
    .refine((value) => value === 'true' || value === 'false', { error: 'must be true or false' })
    .transform((value) => value === 'true')
    .default(false),
  /** The delays after the first attempt, the second …; after the last one a webhook is dead. */
  OUTGOING_WEBHOOK_RETRY_SECONDS: env.list
    .pipe(z.array(retryDelaySchema).min(1).max(RETRIES_MAX))
    .default(RETRY_DELAYS_MS.map((delayMs) => delayMs / 1000)),
}

/** The endpoint that the environment configures. */
export interface EnvironmentEndpoint {
  readonly url: string
  readonly keys: readonly Buffer[]
  readonly types: readonly WebhookType[]
}

/** Everything about outgoing webhooks that the environment configures. */
export interface OutgoingWebhookSettings {
  readonly endpoint: EnvironmentEndpoint | undefined
  readonly rules: AddressRules
  readonly retryDelaysMs: readonly number[]
}

interface Values {
  readonly OUTGOING_WEBHOOK_URL?: string | undefined
  readonly OUTGOING_WEBHOOK_SECRET?: readonly Buffer[] | undefined
  readonly OUTGOING_WEBHOOK_TYPES: readonly WebhookType[]
  readonly OUTGOING_WEBHOOK_ALLOW_PRIVATE: boolean
  readonly OUTGOING_WEBHOOK_RETRY_SECONDS: readonly number[]
}

/** @param allowLoopback whether names may lead to this machine, because only this machine can reach the service. */
export function outgoingWebhookSettings(config: Values, allowLoopback = false): OutgoingWebhookSettings {
  const { OUTGOING_WEBHOOK_URL: url, OUTGOING_WEBHOOK_SECRET: keys, OUTGOING_WEBHOOK_TYPES: types } = config
  return {
    endpoint: url === undefined || keys === undefined ? undefined : { url, keys, types },
    rules: { allowPrivate: config.OUTGOING_WEBHOOK_ALLOW_PRIVATE, allowLoopback },
    retryDelaysMs: config.OUTGOING_WEBHOOK_RETRY_SECONDS.map((delayS) => delayS * 1000),
  }
}

/** Problems of variables in combination. */
export function outgoingWebhookProblems(
  raw: Readonly<Record<string, string | undefined>>,
  allowLoopback = false,
): readonly string[] {
  const { OUTGOING_WEBHOOK_URL: text, OUTGOING_WEBHOOK_SECRET: secret, OUTGOING_WEBHOOK_ALLOW_PRIVATE: allow } = raw
  if (text === undefined) return secret === undefined ? [] : ['OUTGOING_WEBHOOK_SECRET requires OUTGOING_WEBHOOK_URL']
  const problems = secret === undefined ? ['OUTGOING_WEBHOOK_SECRET is required when OUTGOING_WEBHOOK_URL is set'] : []
  if (!URL.canParse(text)) return problems
  const problem = urlProblem(text, { allowPrivate: allow === 'true', allowLoopback })
  return problem === undefined ? problems : [...problems, `OUTGOING_WEBHOOK_URL ${problem}`]
}
