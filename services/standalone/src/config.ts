import { commonVariables, env, loadConfig, redisProblems, redisVariables } from '@paxyo/service-kit'
import { fileURLToPath } from 'node:url'
import { ingestProblems, ingestVariables, weakIngestSecrets } from 'webhook-ingest'
import { gatewayVariables, keyServerProblems } from 'ws-gateway'
import { z } from 'zod'
import { isLoopback } from './own-address.ts'

const DATA_DIR = fileURLToPath(new URL('../../../.data', import.meta.url))

const DEFAULT_HOST = '127.0.0.1'

const variables = {
  /** The owner's connection to a PostgreSQL that is used instead of the embedded one. */
  DATABASE_URL: env.databaseUrl.optional(),
  /** The folder of the embedded PostgreSQL and the generated secrets. */
  DATA_DIR: env.text.default(DATA_DIR),
  /** Loopback by default, because the demo page gives a token to every visitor. */
  HOST: env.text.default(DEFAULT_HOST),
  PORT: env.integer(1, 65_535).default(8080),
  /** `public`: on, although others can reach the port. */
  DEMO: z.enum(['on', 'off', 'public'], { error: 'must be on, off or public' }).default('on'),
  /** The certificate chain and its key, as PEM files: with them the port speaks TLS. Read again when they change. */
  TLS_CERT: env.text.optional(),
  TLS_KEY: env.text.optional(),
  EVENT_RETENTION_DAYS: env.integer(1, 3650).default(7),
  DELIVERY_RETENTION_DAYS: env.integer(8, 3650).default(90),
  DELIVERY_BODY_RETENTION_DAYS: env.integer(0, 3650).default(30),
  /** Where deliveries, and what providers sent, are written before they are deleted. */
  ARCHIVE_DIR: env.text.optional(),
  /** The first one signs the audit log, once a day. */
  AUDIT_SIGNING_KEYS: env.secrets(32).default([]),
  ...commonVariables,
  ...redisVariables,
  /** Only needed with other processes on the same bus. */
  REDIS_URL: redisVariables.REDIS_URL.optional(),
  ...ingestVariables,
  ...gatewayVariables,
  /** By default on while only this machine can reach it; signing in is needed all the same. */
  CONSOLE: ingestVariables.CONSOLE.unwrap().optional(),
}

export type StandaloneConfig = ReturnType<typeof loadStandaloneConfig>

/** @throws ConfigError with all problems. */
export function loadStandaloneConfig(environment: NodeJS.ProcessEnv) {
  return loadConfig(variables, environment, (raw) => [
    ...redisProblems(raw),
    ...ingestProblems(raw, { isReachedByLoopbackOnly: isLoopback(raw['HOST'] ?? DEFAULT_HOST) }),
    ...demoProblems(raw),
    ...tlsProblems(raw),
    ...(raw['NODE_ENV'] === 'production' ? [...weakIngestSecrets(environment), ...keyServerProblems(raw)] : []),
  ])
}

type Raw = Readonly<Record<string, string | undefined>>

function demoProblems({ DEMO: demo = 'on', HOST: host = DEFAULT_HOST, ...raw }: Raw): string[] {
  if (demo === 'off') return []
  const problems: string[] = []
  if (demo === 'on' && !isLoopback(host)) {
    problems.push(
      `DEMO: the demo gives a token to every visitor, and HOST=${host} lets others reach it: ` +
        'set DEMO=off, or DEMO=public if that is intended, or HOST=127.0.0.1',
    )
  }
  if (raw['PROVIDERS_FILE'] !== undefined) {
    problems.push(
      'DEMO must be off when PROVIDERS_FILE is set: the demo simulates the provider that WEBHOOK_TOKENS configures',
    )
  }
  if (raw['TLS_CERT'] !== undefined) {
    problems.push('DEMO must be off when TLS_CERT is set: the demo calls this process without TLS')
  }
  return problems
}

function tlsProblems({ TLS_CERT: cert, TLS_KEY: key }: Raw): string[] {
  if ((cert === undefined) === (key === undefined)) return []
  return [`${cert === undefined ? 'TLS_CERT' : 'TLS_KEY'} is missing: TLS needs both TLS_CERT and TLS_KEY`]
}
