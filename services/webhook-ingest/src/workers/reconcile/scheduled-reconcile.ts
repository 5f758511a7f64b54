/**
 * Scheduled reconciliation: a safety net below the webhooks, off by default.
 *
 * Guarantees: when a provider's webhook is missing, the order reaches its status all the same, at most one interval after
 * its silence was long enough. The metrics count what the webhooks have missed, so that an owner knows how far to trust
 * them. A provider that fails, or an order that it does not know, delays no other.
 *
 * How: at most once per interval, whatever the number of processes, one of them (by an advisory lock) asks about open
 * orders without an update for some hours, a hundred in one request and within the rate limit of the provider's client.
 * The responses are committed like webhooks. An order is asked about again when half of its silence has passed since the
 * last question, and at least once a week.
 */

import {
  createReconcileRuns,
  reconcile,
  RECONCILE_ORDERS_MAX,
  type AskedOrders,
  type ReconcileDeps,
  type ReconcileReport,
} from '@paxyo/ledger'
import { createWorker, type Worker } from '@paxyo/service-kit'
import type { ReconcileSchedule } from './reconcile-config.ts'

export interface ScheduledReconcileOptions extends Omit<ReconcileDeps, 'onAsked'> {
  readonly schedule: ReconcileSchedule
  /** Called after each request to a provider that succeeded. */
  readonly onAsked: (asked: AskedOrders) => void
  /** Called when a provider could not be asked. */
  readonly onFailed: (failed: { readonly provider: string; readonly code: string }) => void
}

const DATABASE_RETRY_MS = 60_000

/** Creates the worker; its first run is due when the last run of any process was an interval ago. */
export function createScheduledReconcile({ schedule, onAsked, onFailed, ...deps }: ScheduledReconcileOptions): Worker {
  const { pool, newId, log } = deps
  const { everyMs, silentForMs } = schedule
  const runs = createReconcileRuns(pool)

  async function runIfDue(): Promise<number | undefined> {
    const waitMs = await runs.waitMs(everyMs)
    return waitMs > 0 ? waitMs : runs.whileAlone(runWhenAlone)
  }

  async function runWhenAlone(): Promise<number> {
    // Another process may have finished a run since.
    const waitMs = await runs.waitMs(everyMs)
    if (waitMs > 0) return waitMs
    await runOnce()
    return runs.waitMs(everyMs)
  }

  async function runOnce(): Promise<void> {
    const runId = newId()
    const counts = { asked: 0, changed: 0, late: 0 }
    const count = (asked: AskedOrders): void => {
      counts.asked += asked.asked
      counts.changed += asked.changed
      counts.late += asked.late
      onAsked(asked)
    }
    await runs.begin(runId)
    const request = { silentForMs, ordersMax: RECONCILE_ORDERS_MAX, isSpaced: true }
    const report = await reconcile({ ...deps, onAsked: count }, request)
    for (const failed of failuresOf(report)) onFailed(failed)
    await runs.end(runId, counts, describeFailures(report))
    log.info({ ...counts, errors: report.errors }, 'scheduled reconciliation done')
  }

  return createWorker({
    run: runIfDue,
    backstopMs: everyMs,
    retryDelayMs: Math.min(everyMs, DATABASE_RETRY_MS),
    onError: (err) => log.warn({ err }, 'scheduled reconciliation interrupted'),
  })
}

/** A client that was closed at the end of this process has not failed. */
const failuresOf = ({ errors }: ReconcileReport): ReconcileReport['errors'] =>
  errors.filter(({ code }) => code !== 'closed')

function describeFailures(report: ReconcileReport): string | undefined {
  const failures = failuresOf(report)
  if (failures.length > 0)
    return failures.map(({ provider, code, message }) => `${provider}: ${code}: ${message}`).join('; ')
  return report.stoppedBy === 'closed' ? undefined : report.stoppedBy
}
