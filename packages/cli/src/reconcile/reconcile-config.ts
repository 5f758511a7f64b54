import { ConfigError, env, loadConfig, redisOptions, redisProblems, redisVariables } from '@paxyo/service-kit'
import { parseArgs } from 'node:util'
import { ingestVariables } from '../../../../services/webhook-ingest/src/config.ts'
import type { ReconcileRequest } from '@paxyo/ledger'

const HOUR_MS = 3_600_000
const SILENT_HOURS_DEFAULT = '6'
const ORDERS_MAX_DEFAULT = '10000'

const variables = {
  DATABASE_URL: env.url('postgres', 'postgresql'),
  ...redisVariables,
  /** What is logged goes where the report goes, which says itself why the provider ended it. */
  LOG_LEVEL: env.logLevel.default('error'),
  PROVIDER_API_URL: ingestVariables.PROVIDER_API_URL.unwrap(),
  PROVIDER_API_KEY: ingestVariables.PROVIDER_API_KEY.unwrap(),
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
  const config = loadConfig(variables, environment, (raw) => [...redisProblems(raw), ...problems])
  if (problems.length > 0) throw new ConfigError(problems)
  const request: ReconcileRequest =
    orderIds.length > 0
      ? { orderIds }
      : { silentForMs: Number(values['silent-hours']) * HOUR_MS, ordersMax: Number(values['orders-max']) }
  return {
    databaseUrl: config.DATABASE_URL,
    redis: redisOptions(config),
    logLevel: config.LOG_LEVEL,
    provider: { url: config.PROVIDER_API_URL, key: config.PROVIDER_API_KEY },
    request,
  }
}
