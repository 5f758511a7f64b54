import { commonVariables, env, loadConfig, redisProblems, redisVariables } from '@paxyo/service-kit'
import { fileURLToPath } from 'node:url'
import { ingestProblems, ingestVariables, weakIngestSecrets } from 'webhook-ingest'
import { gatewayVariables } from 'ws-gateway'
import { z } from 'zod'

const DATA_DIR = fileURLToPath(new URL('../../../.data', import.meta.url))

const variables = {
  /** The owner's connection to a PostgreSQL that is used instead of the embedded one. */
  DATABASE_URL: env.url('postgres', 'postgresql').optional(),
  /** The folder of the embedded PostgreSQL and the generated secrets. */
  DATA_DIR: env.text.default(DATA_DIR),
  /** Loopback by default, because the demo page gives a token to every visitor. */
  HOST: env.text.default('127.0.0.1'),
  PORT: env.integer(1, 65_535).default(8080),
  DEMO: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  EVENT_RETENTION_DAYS: env.integer(1, 3650).default(7),
  ...commonVariables,
  ...redisVariables,
  /** Only needed with other processes on the same bus. */
  REDIS_URL: redisVariables.REDIS_URL.optional(),
  ...ingestVariables,
  ...gatewayVariables,
}

export type StandaloneConfig = ReturnType<typeof loadStandaloneConfig>

/** @throws ConfigError with all problems. */
export function loadStandaloneConfig(environment: NodeJS.ProcessEnv) {
  return loadConfig(variables, environment, (raw) => [
    ...redisProblems(raw),
    ...ingestProblems(raw),
    ...demoProblems(raw),
    ...(raw['NODE_ENV'] === 'production' ? weakIngestSecrets(environment) : []),
  ])
}

function demoProblems(raw: Readonly<Record<string, string | undefined>>): string[] {
  if (raw['PROVIDERS_FILE'] === undefined || raw['DEMO'] === 'off') return []
  return ['DEMO must be off when PROVIDERS_FILE is set: the demo simulates the provider that WEBHOOK_TOKENS configures']
}
