import type { MetricGroup } from '@paxyo/service-kit'
import { ACCESSES, REASONS, type BusyRejection } from './concurrency.ts'

/**
 * Counts the requests that are rejected because too many wait.
 *
 * @returns to be called for each.
 * @example
 * const group = createMetricGroup('shop_')
 * const countRejection = addBusyMetrics(group)
 * countRejection({ access: 'write', reason: 'subject' })
 * const registry = createMetrics('my-shop')
 * group.register(registry)
 * const { values } = await registry.getSingleMetric('shop_api_queue_full_total')!.get()
 * values.filter(({ value }) => value > 0).map(({ labels }) => labels.reason) //=> ['subject']
 */
export function addBusyMetrics(group: MetricGroup): (rejection: BusyRejection) => void {
  const rejections = group.counter(
    'api_queue_full_total',
    'Requests to the panel API that were rejected because too many wait, by what was full.',
    ['access', 'reason'],
  )
  // A series that does not exist yet would begin with its first rejections.
  for (const access of ACCESSES) for (const reason of REASONS) rejections.inc({ access, reason }, 0)
  return (rejection) => rejections.inc({ ...rejection })
}
