import type { AskedOrders } from '@paxyo/ledger'
import type { MetricGroup } from '@paxyo/service-kit'

/** Callbacks through which scheduled reconciliation reports to the metrics. */
export interface ReconcileMetrics {
  /** Scheduled reconciliation asks these providers. Their counts begin at 0, so that the first one is an increase. */
  readonly scheduled: (providers: readonly { readonly name: string }[]) => void
  readonly onAsked: (asked: AskedOrders) => void
  readonly onFailed: (failed: { readonly provider: string; readonly code: string }) => void
}

export function addReconcile(group: MetricGroup): ReconcileMetrics {
  const labels = ['provider']
  const asked = group.counter('reconcile_asked_total', 'Orders that reconciliation asked a provider about.', labels)
  const changed = group.counter('reconcile_changed_total', 'Orders that the response of a provider changed.', labels)
  const late = group.counter(
    'reconcile_late_total',
    'Orders that had ended at the provider although no webhook had reported it.',
    labels,
  )
  const failures = group.counter('reconcile_failures_total', 'Runs in which a provider could not be asked.', [
    'provider',
    'reason',
  ])
  return {
    scheduled(providers) {
      for (const { name: provider } of providers) {
        for (const counter of [asked, changed, late]) counter.inc({ provider }, 0)
      }
    },
    onAsked(found) {
      const { provider } = found
      asked.inc({ provider }, found.asked)
      changed.inc({ provider }, found.changed)
      late.inc({ provider }, found.late)
    },
    onFailed: ({ provider, code }) => failures.inc({ provider, reason: code }),
  }
}
