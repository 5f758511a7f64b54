import { summarizeProviders } from '@paxyo/providers'
import { env } from '@paxyo/service-kit'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const WEEK_MINUTES = 7 * 24 * 60

/** Settings of scheduled reconciliation. Without an interval, no provider is asked about silent orders. */
export const reconcileVariables = {
  RECONCILE_EVERY_MINUTES: env.integer(1, WEEK_MINUTES).optional(),
  /** How long an open order has had no update before its provider is asked. */
  RECONCILE_SILENT_HOURS: env.integer(1, 8760).default(6),
}

/** When providers are asked about silent orders. */
export interface ReconcileSchedule {
  readonly everyMs: number
  /** How long an open order has had no update. */
  readonly silentForMs: number
}

interface Values {
  readonly RECONCILE_EVERY_MINUTES?: number | undefined
  readonly RECONCILE_SILENT_HOURS: number
}

/** @returns undefined when scheduled reconciliation is off. */
export function reconcileSchedule(config: Values): ReconcileSchedule | undefined {
  const { RECONCILE_EVERY_MINUTES: minutes, RECONCILE_SILENT_HOURS: hours } = config
  return minutes === undefined ? undefined : { everyMs: minutes * MINUTE_MS, silentForMs: hours * HOUR_MS }
}

/** Problems of variables in combination. */
export function reconcileProblems(raw: Readonly<Record<string, string | undefined>>): readonly string[] {
  const { RECONCILE_EVERY_MINUTES: every, RECONCILE_SILENT_HOURS: silent } = raw
  if (every === undefined)
    return silent === undefined ? [] : ['RECONCILE_SILENT_HOURS requires RECONCILE_EVERY_MINUTES']
  const providers = summarizeProviders(raw)
  if (providers.length === 0 || providers.some(({ isAskable }) => isAskable)) return []
  return [
    raw['PROVIDERS_FILE'] === undefined
      ? 'RECONCILE_EVERY_MINUTES requires PROVIDER_API_URL and PROVIDER_API_KEY'
      : 'RECONCILE_EVERY_MINUTES requires a provider with apiUrl and apiKey',
  ]
}
