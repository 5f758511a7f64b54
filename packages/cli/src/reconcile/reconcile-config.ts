import { ConfigError, env, loadConfig, redisOptions, redisProblems, redisVariables } from '@paxyo/service-kit/config'
import { parseArgs } from 'node:util'
import type { ReconcileRequest } from '@paxyo/ledger'
import {
  providerProblems,
  providerSettings,
  providerVariables,
  refundApproval,
  refundApprovalProblems,
  refundApprovalVariables,
  summarizeProviders,
} from '@paxyo/providers'

type Raw = Readonly<Record<string, string | undefined>>

const HOUR_MS = 3_600_000
const SILENT_HOURS_DEFAULT = '6'
const ORDERS_MAX_DEFAULT = '10000'

const variables = {
  DATABASE_URL: env.databaseUrl,
  ...redisVariables,
  /** A standalone beside needs none. */
  REDIS_URL: redisVariables.REDIS_URL.optional(),
  /** The folder of a standalone beside. */
  DATA_DIR: env.text.optional(),
  /** The log goes to the same output as the report, which contains the provider's error anyway. */
  LOG_LEVEL: env.logLevel.default('error'),
  ...providerVariables,
  ...refundApprovalVariables,
}

/**
 * Reads `--silent-hours 6 [--orders-max 10000]`, or the panel's order ids as arguments.
 *
 * @throws ConfigError listing everything that is wrong, and parseArgs' own errors.
 */
export function loadReconcileConfig(environment: NodeJS.ProcessEnv, args: readonly string[]) {
  const { values, positionals: orderIds } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'silent-hours': { type: 'string', default: SILENT_HOURS_DEFAULT },
      'orders-max': { type: 'string', default: ORDERS_MAX_DEFAULT },
    },
  })
  const problems = [
    ...(/^\d{1,5}(\.\d{1,3})?$/.test(values['silent-hours']) ? [] : ['--silent-hours must be a number of hours']),
    ...(/^[1-9]\d{0,6}$/.test(values['orders-max']) ? [] : ['--orders-max must be a whole number, at least 1']),
  ]
  const config = loadConfig(variables, environment, (raw) => [
    ...redisProblems(raw),
    ...missingRedis(raw),
    ...providerProblems(raw),
    ...refundApprovalProblems(raw),
    ...askableProblems(raw),
    ...problems,
  ])
  if (problems.length > 0) throw new ConfigError(problems)
  const request: ReconcileRequest =
    orderIds.length > 0
      ? { orderIds }
      : { silentForMs: Number(values['silent-hours']) * HOUR_MS, ordersMax: Number(values['orders-max']) }
  return {
    databaseUrl: config.DATABASE_URL,
    redis: config.REDIS_URL === undefined ? undefined : redisOptions({ ...config, REDIS_URL: config.REDIS_URL }),
    logLevel: config.LOG_LEVEL,
    providers: providerSettings(config),
    refundApproval: refundApproval(config),
    request,
  }
}

/** Without a standalone beside, events reach the gateways over Redis. */
function missingRedis(raw: Raw): string[] {
  return raw['REDIS_URL'] === undefined && raw['DATA_DIR'] === undefined ? ['REDIS_URL: is required'] : []
}

/** At least one provider must have an API. */
function askableProblems(raw: Raw): string[] {
  if (raw['PROVIDERS_FILE'] === undefined) {
    return ['PROVIDER_API_URL', 'PROVIDER_API_KEY']
      .filter((name) => raw[name] === undefined)
      .map((name) => `${name}: is required`)
  }
  const providers = summarizeProviders(raw)
  if (providers.length === 0 || providers.some(({ isAskable }) => isAskable)) return []
  return ['PROVIDERS_FILE: no provider in it has an apiUrl and an apiKey']
}
