import { env, loadConfig } from '@paxyo/service-kit'
import { z } from 'zod'
import type { WebhookAuthentication } from './authentication.ts'
import type { SimulatorOptions } from './simulated-provider.ts'
import { WEBHOOK_SHAPE_NAMES, type WebhookShapeName } from './webhook-shapes.ts'

const SEED_MAX = 0x7fff_ffff
const DELAY_MS_MAX = 600_000

const rate = env.text
  .refine((text) => /^(0(\.\d+)?|1(\.0+)?)$/.test(text), { error: 'must be a number from 0 to 1' })
  .transform(Number)

const variables = {
  /** Where webhooks are sent. */
  WEBHOOK_URL: env.url('http', 'https').optional(),
  WEBHOOK_TOKEN: env.text.optional(),
  /** Where the token is sent. */
  WEBHOOK_TOKEN_IN: z
    .enum(['path', 'x-webhook-token', 'authorization'], { error: 'must be path, x-webhook-token or authorization' })
    .default('path'),
  /** Signs with Standard Webhooks secrets instead. */
  WEBHOOK_SECRET: env.webhookSecrets.optional(),
  SHAPES: env.list
    .refine((names) => names.every((name) => WEBHOOK_SHAPE_NAMES.some((known) => known === name)), {
      error: `must be some of ${WEBHOOK_SHAPE_NAMES.join(', ')}`,
    })
    .transform((names) => names as WebhookShapeName[])
    .optional(),
  SEED: env.integer(0, SEED_MAX).optional(),
  MISTAKE_RATE: rate.optional(),
  DUPLICATE_RATE: rate.optional(),
  DROP_RATE: rate.optional(),
  REORDER_RATE: rate.optional(),
  DELAY_MS_MAX: env.integer(0, DELAY_MS_MAX).optional(),
  /** How often the autopilot changes an order. */
  AUTOPILOT_INTERVAL_MS: env.integer(1, DELAY_MS_MAX).optional(),
  AUTOPILOT_CHANGES_MAX: env.integer(1, 1_000_000).default(1000),
  API_KEY: env.text.min(8, 'must have at least 8 characters').optional(),
  /** Reachable from this machine only by default. */
  HOST: env.text.default('127.0.0.1'),
  PORT: env.integer(0, 65_535).default(8090),
}

/**
 * Reads the variables of the `simulate` command.
 *
 * @throws ConfigError listing everything that is wrong.
 * @example
 * loadSimulatorConfig({ SHAPES: 'text,list' }).shapes //=> ['text', 'list']
 */
export function loadSimulatorConfig(environment: NodeJS.ProcessEnv): SimulatorOptions {
  const config = loadConfig(variables, environment, (raw) =>
    raw['WEBHOOK_TOKEN'] !== undefined && raw['WEBHOOK_SECRET'] !== undefined
      ? ['WEBHOOK_TOKEN and WEBHOOK_SECRET are both set: a webhook is authenticated in one way']
      : [],
  )
  const options = {
    webhookUrl: config.WEBHOOK_URL,
    authentication: toAuthentication(config),
    shapes: config.SHAPES,
    seed: config.SEED,
    mistakeRate: config.MISTAKE_RATE,
    duplicateRate: config.DUPLICATE_RATE,
    dropRate: config.DROP_RATE,
    reorderRate: config.REORDER_RATE,
    delayMsMax: config.DELAY_MS_MAX,
    autopilot:
      config.AUTOPILOT_INTERVAL_MS === undefined
        ? undefined
        : { intervalMs: config.AUTOPILOT_INTERVAL_MS, changesMax: config.AUTOPILOT_CHANGES_MAX },
    apiKey: config.API_KEY,
    host: config.HOST,
    port: config.PORT,
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as SimulatorOptions
}

interface AuthenticationVariables {
  readonly WEBHOOK_TOKEN: string | undefined
  readonly WEBHOOK_TOKEN_IN: 'path' | 'x-webhook-token' | 'authorization'
  readonly WEBHOOK_SECRET: readonly Buffer[] | undefined
}

function toAuthentication({
  WEBHOOK_TOKEN: token,
  WEBHOOK_TOKEN_IN: place,
  WEBHOOK_SECRET: keys,
}: AuthenticationVariables): WebhookAuthentication {
  if (keys !== undefined) return { kind: 'signature', keys }
  if (token === undefined) return { kind: 'none' }
  return place === 'path' ? { kind: 'path', token } : { kind: 'header', token, header: place }
}
